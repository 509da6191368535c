//! Which places raise a score: each is taken out in turn, and the score asked again.
//!
//! What a model would say without a place is the model's own answer, where weights of attention are only a guess at it.
//! Its limit: of two places that do the same, each covers for the other, and both seem to do little.

use crate::{Cause, Chunk, answer::rounded};

/// Places that are named, at most.
const MOST: usize = 5;

/// `score` of all chunks; `without`: the score without each, in the chunks' order, or none for a single chunk. With each
/// place the number of its chunk.
pub(crate) fn causes(chunks: &[Chunk], score: f64, without: &[f64]) -> Vec<(usize, Cause)> {
    if let ([only], []) = (chunks, without) {
        return vec![(0, cause(only, 1.0, None))];
    }
    let falls = without.iter().enumerate().map(|(number, without)| (score - without, number, *without));
    let mut falls: Vec<(f64, usize, f64)> = falls.filter(|(fall, ..)| *fall > 0.0).collect();
    let all: f64 = falls.iter().map(|(fall, ..)| fall).sum();
    // Stable: of equals, the likelier to run first.
    falls.sort_by(|a, b| b.0.total_cmp(&a.0));
    falls.truncate(MOST);
    let named = falls
        .into_iter()
        .map(|(fall, number, without)| (number, cause(&chunks[number], rounded(fall / all), Some(rounded(without)))));
    named.filter(|(_, cause)| cause.share > 0.0).collect()
}

fn cause(chunk: &Chunk, share: f64, without: Option<f64>) -> Cause {
    let Chunk { path, first_line, last_line, .. } = chunk;
    Cause { file: path.clone(), first_line: *first_line, last_line: *last_line, share, without }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    fn chunk(line: u32) -> Chunk {
        Chunk { path: "a.js".into(), role: Role::Source, first_line: line, last_line: line, tokens: vec![1] }
    }

    fn found(score: f64, without: &[f64]) -> Vec<(u32, f64, Option<f64>)> {
        let chunks: Vec<Chunk> = (1..=without.len().max(1)).map(|line| chunk(line as u32)).collect();
        causes(&chunks, score, without).into_iter().map(|(_, c)| (c.first_line, c.share, c.without)).collect()
    }

    #[test]
    fn what_the_score_falls_by_is_shared_out() {
        assert_eq!(found(4.0, &[4.0, 1.0, 3.0, 6.0]), [(2, 0.75, Some(1.0)), (3, 0.25, Some(3.0))]);
        assert_eq!(found(2.0, &[]), [(1, 1.0, None)]);
        assert_eq!(found(2.0, &[2.0, 2.0]), []);
    }

    #[test]
    fn few_places_are_named_and_the_share_is_of_all() {
        let found = found(1.0, &[0.0; 10]);
        assert_eq!(found.len(), MOST);
        assert!(found.iter().all(|(_, share, _)| *share == 0.1));
    }
}
