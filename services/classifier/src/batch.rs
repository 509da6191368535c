//! Many differences in one run of a model.
//!
//! The chunks of all lie one after the other; `members` says which of them a *bag* holds. Each difference has a bag of all
//! its chunks, and, to learn which of them raise its score, one without each. A chunk is looked at once, in however many
//! bags it is, and looking is what costs.
//!
//! ```text
//! tokens     int32[n, 256]   of a chunk, filled up with 0
//! roles      int32[n]        Role::number
//! members    float32[b, n]   1 where the chunk belongs to the bag, else 0
//! facts      float32[b, 8]   1 where the fact holds, by Fact::number
//! → score float32[b], behaviours float32[b, 8], vector float32[b, D],
//!   parts float32[n, 3]    of a chunk: its logit, its attention, what it pools to (composition.rs)
//! ```

use crate::{CHUNK_TOKENS, Fact, Subject};

/// Chunks of a run, at most, unless one difference has more.
const MOST_CHUNKS: usize = 512;
/// Bags times chunks of a run, at most, unless one difference has more: 2 MiB.
const MOST_MEMBERS: usize = 1 << 19;

/// The inputs of a run, row by row.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Batch {
    pub(crate) chunks: usize,
    pub(crate) bags: usize,
    pub(crate) tokens: Vec<i32>,
    pub(crate) roles: Vec<i32>,
    pub(crate) members: Vec<f32>,
    pub(crate) facts: Vec<f32>,
}

impl Batch {
    /// Of differences that have chunks. The bags of each follow each other: the whole one, then those without its first
    /// chunk, its second, and so on.
    pub(crate) fn of(subjects: &[&Subject]) -> Self {
        let chunks = subjects.iter().map(|subject| subject.extract.chunks.len()).sum();
        let mut batch = Self { chunks, ..Self::default() };
        let mut first = 0;
        for subject in subjects {
            batch.add(subject, first);
            first += subject.extract.chunks.len();
        }
        batch
    }

    fn add(&mut self, subject: &Subject, first: usize) {
        for chunk in &subject.extract.chunks {
            let tokens = chunk.tokens.iter().take(CHUNK_TOKENS);
            self.tokens.extend(tokens.map(|token| i32::from(*token)));
            self.roles.push(i32::from(chunk.role.number()));
            self.tokens.resize(self.roles.len() * CHUNK_TOKENS, 0);
        }
        let all = first..first + subject.extract.chunks.len();
        for bag in 0..bags(subject) {
            let left_out = bag.checked_sub(1).map(|chunk| first + chunk);
            let is_member = |chunk| all.contains(&chunk) && Some(chunk) != left_out;
            self.members.extend((0..self.chunks).map(|chunk| f32::from(u8::from(is_member(chunk)))));
            self.facts.extend(Fact::ALL.map(|fact| f32::from(u8::from(subject.extract.facts.contains(&fact)))));
            self.bags += 1;
        }
    }
}

/// Bags of a difference. A model is not asked about an empty bag: it was never shown one.
pub(crate) fn bags(subject: &Subject) -> usize {
    match subject.extract.chunks.len() {
        0 => 0,
        1 => 1,
        chunks => 1 + chunks,
    }
}

/// Which subjects to run together, by their places, in order; those without chunks are left out.
pub(crate) fn plan(subjects: &[Subject]) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = vec![];
    let (mut chunks, mut all_bags) = (0, 0);
    for (place, subject) in subjects.iter().enumerate() {
        let (more, more_bags) = (subject.extract.chunks.len(), bags(subject));
        if more == 0 {
            continue;
        }
        chunks += more;
        all_bags += more_bags;
        let fits = chunks <= MOST_CHUNKS && chunks * all_bags <= MOST_MEMBERS;
        match runs.last_mut() {
            Some(run) if fits => run.push(place),
            _ => {
                runs.push(vec![place]);
                (chunks, all_bags) = (more, more_bags);
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chunk, Ecosystem, Extract, Mode, Role};

    fn subject(chunks: usize) -> Subject {
        let chunk = Chunk { path: "a.js".into(), role: Role::Entry, first_line: 1, last_line: 1, tokens: vec![7, 8] };
        let extract = Extract { chunks: vec![chunk; chunks], facts: [Fact::Dependency].into(), left_out: 0 };
        Subject { ecosystem: Ecosystem::Npm, mode: Mode::New, extract }
    }

    #[test]
    fn a_bag_holds_chunks_of_its_own_difference_only() {
        let batch = Batch::of(&[&subject(2), &subject(1)]);
        assert_eq!((batch.chunks, batch.bags), (3, 4));
        let rows: Vec<&[f32]> = batch.members.chunks(3).collect();
        assert_eq!(rows, [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        assert_eq!(batch.roles, [2, 2, 2]);
        assert_eq!(batch.tokens.len(), 3 * CHUNK_TOKENS);
        assert_eq!(batch.tokens[CHUNK_TOKENS..CHUNK_TOKENS + 3], [7, 8, 0]);
        assert_eq!(batch.facts[..8], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn runs_are_bounded_and_keep_every_difference_with_text() {
        let sizes = [0, 256, 256, 256, 1, 0, 511, 2, 600];
        let subjects: Vec<Subject> = sizes.map(subject).into();
        assert_eq!(plan(&subjects), [vec![1, 2], vec![3, 4], vec![6], vec![7], vec![8]]);
        assert!(plan(&[]).is_empty());
    }
}
