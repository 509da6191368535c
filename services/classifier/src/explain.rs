//! Which places raise a score: what it falls by without them.
//!
//! What a model would say without a place is the model's own answer, where weights of attention are only a guess at it.

use crate::{Cause, Chunk, answer::rounded};

/// Places that are named, at most.
pub(crate) const MOST: usize = 5;

/// `without`: the score without each chunk; nothing for a single one. `falls`: the chunks that raise it, the strongest first,
/// and by how much.
pub(crate) fn causes(chunks: &[Chunk], without: &[f64], falls: &[(usize, f64)]) -> Vec<Cause> {
    let all: f64 = falls.iter().map(|(_, fall)| fall).sum();
    let named = falls.iter().map(|(number, fall)| {
        cause(&chunks[*number], rounded(fall / all), without.get(*number).map(|without| rounded(*without)))
    });
    named.collect()
}

/// Of a model that cannot be taken apart: what the score falls by without each chunk alone. Its limit: of two places that do the
/// same, each covers for the other, and both seem to do little.
pub(crate) fn alone(score: f64, without: &[f64]) -> Vec<(usize, f64)> {
    let falls = without.iter().enumerate().map(|(number, without)| (number, score - without));
    let mut falls: Vec<(usize, f64)> = falls.filter(|(_, fall)| *fall > 0.0).collect();
    // Stable: of equals, the likelier to run first.
    falls.sort_by(|a, b| b.1.total_cmp(&a.1));
    falls.truncate(MOST);
    falls
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
        let causes = causes(&chunks, without, &alone(score, without));
        causes.into_iter().map(|c| (c.first_line, c.share, c.without)).collect()
    }

    #[test]
    fn what_the_score_falls_by_is_shared_out() {
        assert_eq!(found(4.0, &[4.0, 1.0, 3.0, 6.0]), [(2, 0.75, Some(1.0)), (3, 0.25, Some(3.0))]);
        assert_eq!(causes(&[chunk(1)], &[], &[(0, 1.0)])[0].share, 1.0);
        assert_eq!(found(2.0, &[2.0, 2.0]), []);
    }

    #[test]
    fn few_places_are_named() {
        let found = found(1.0, &[0.0; 10]);
        assert_eq!(found.len(), MOST);
        assert!(found.iter().all(|(_, share, _)| *share == 0.2));
    }
}
