//! What was sent, what was answered, which heads must get a check, and what was seen of them.

use super::plan::{Content, Kill};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A commit that a delivery asked about.
#[derive(Debug, Clone)]
pub struct Head {
    pub repository: String,
    pub sha: String,
    pub content: Content,
    /// A later head of the same pull request was announced.
    pub superseded: bool,
    /// When the first delivery about it was answered 202.
    pub accepted_at: Option<Instant>,
    /// When its check run was first seen completed.
    pub completed_at: Option<Instant>,
}

/// One delivery id.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub event: String,
    pub head: usize,
    /// Of each attempt: the status, or 0 where no answer came.
    pub attempts: Vec<u16>,
    pub accepted: bool,
    /// Answered 202 as one that was known.
    pub duplicate: bool,
    /// GitHub never sent it.
    pub lost: bool,
}

/// Something that hurt, and when it was over.
#[derive(Debug, Clone)]
pub struct Wound {
    pub what: String,
    pub over: Instant,
    /// Heads whose check was outstanding then.
    pub outstanding: usize,
    /// Until the next completed check.
    pub recovery: Option<Duration>,
}

/// Shared by everything that plays a run.
#[derive(Debug, Default)]
pub struct Ledger {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
pub struct Book {
    pub heads: Vec<Head>,
    pub deliveries: Vec<Delivery>,
    pub wounds: Vec<Wound>,
    /// Each with how many processes it met.
    pub kills: Vec<(Kill, usize)>,
    /// Troubles that could not be made, and why.
    pub left_out: Vec<String>,
    completions: u32,
}

impl Ledger {
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a head; answers its number.
    pub fn head(&self, repository: &str, sha: &str, content: Content) -> usize {
        let mut book = self.book();
        let found = book.heads.iter().position(|h| h.sha == sha && h.repository == repository);
        found.unwrap_or_else(|| {
            book.heads.push(Head {
                repository: repository.to_owned(),
                sha: sha.to_owned(),
                content,
                superseded: false,
                accepted_at: None,
                completed_at: None,
            });
            book.heads.len() - 1
        })
    }

    pub fn supersede(&self, head: usize) {
        self.book().heads[head].superseded = true;
    }

    /// Notes a delivery that is about to be sent, under `id` where that is known already; answers its number.
    pub fn delivery(&self, id: &str, event: &str, head: usize, lost: bool) -> usize {
        let mut book = self.book();
        book.deliveries.push(Delivery {
            id: id.to_owned(),
            event: event.to_owned(),
            head,
            attempts: Vec::new(),
            accepted: false,
            duplicate: false,
            lost,
        });
        book.deliveries.len() - 1
    }

    /// Notes the id that GitHub gave a delivery.
    pub fn name(&self, delivery: usize, id: &str) {
        id.clone_into(&mut self.book().deliveries[delivery].id);
    }

    /// The id of the first delivery about a head, once it has one.
    pub fn first_id(&self, head: usize) -> Option<String> {
        let book = self.book();
        book.deliveries.iter().find(|d| d.head == head && !d.id.is_empty()).map(|d| d.id.clone())
    }

    /// Notes what an attempt was answered.
    pub fn answered(&self, delivery: usize, status: u16, body: &str) {
        let mut book = self.book();
        let entry = &mut book.deliveries[delivery];
        entry.attempts.push(status);
        if status == 202 && !entry.accepted {
            entry.accepted = true;
            entry.duplicate = body == "duplicate";
            let head = entry.head;
            book.heads[head].accepted_at.get_or_insert_with(Instant::now);
        }
    }

    /// Notes a kill that met so many processes.
    pub fn killed(&self, kill: Kill, met: usize) {
        self.book().kills.push((kill, met));
        self.wound(format!("kill -9 {kill:?}"));
    }

    /// Notes that a kill or trouble is over.
    pub fn wound(&self, what: String) {
        let mut book = self.book();
        let outstanding = book.outstanding();
        book.wounds.push(Wound { what, over: Instant::now(), outstanding, recovery: None });
    }

    /// Notes what stands on GitHub: the sum of all completions, and which heads are completed.
    pub fn seen(&self, completions: u32, completed: impl Fn(&Head) -> bool) {
        let now = Instant::now();
        let mut book = self.book();
        for head in &mut book.heads {
            if head.completed_at.is_none() && completed(head) {
                head.completed_at = Some(now);
            }
        }
        if completions > book.completions {
            book.completions = completions;
            for wound in book.wounds.iter_mut().filter(|w| w.recovery.is_none()) {
                wound.recovery = Some(now - wound.over);
            }
        }
    }
}

impl Book {
    /// Heads that were accepted and have no completed check yet.
    pub fn outstanding(&self) -> usize {
        self.heads.iter().filter(|h| h.accepted_at.is_some() && h.completed_at.is_none()).count()
    }
}
