//! A model as a service: one thread runs it, many ask.
//!
//! What waits when a run ends is run together. An attacker may hand in many or large differences: so few may wait, each
//! within a time, and what fails together is asked again alone, so that one difference cannot spoil another's answer.

use crate::{Answer, Chunk, Ecosystem, Error, Extract, Mode, Model, Provider, Role, Subject};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Differences that may wait.
    pub waiting: usize,
    /// Differences that are run together, at most.
    pub together: usize,
    /// How long an asker waits for an answer.
    pub budget: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { waiting: 64, together: 16, budget: Duration::from_secs(30) }
    }
}

/// May be shared between threads. Dropped, it ends after the run that is under way.
#[derive(Debug)]
pub struct Classifier {
    /// Taken when it is dropped.
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
    settings: Settings,
    digest: String,
    provider: Provider,
}

#[derive(Debug)]
struct Request {
    subject: Subject,
    until: Instant,
    reply: SyncSender<Timed>,
}

/// An answer, and what the model itself took for it.
type Timed = (Result<Answer, Error>, Duration);

impl Classifier {
    /// Runs `model` once, so that what fails does so now and the first to ask does not wait for memory to be laid out.
    pub fn start(mut model: Model, settings: Settings) -> Result<Self, Error> {
        model.score(&[warm_up()])?;
        let (digest, provider) = (model.digest().to_owned(), model.provider());
        let (requests, waiting) = sync_channel(settings.waiting.max(1));
        let work = move || serve(&mut model, &waiting, settings);
        let thread = thread::Builder::new().name("classifier".into()).spawn(work);
        let thread = thread.map_err(|error| Error::Stopped { cause: error.to_string() })?;
        Ok(Self { requests: Some(requests), thread: Some(thread), settings, digest, provider })
    }

    /// SHA-256 of the model, as hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Waits for the answer, so it must not be called where others wait for the thread.
    pub fn ask(&self, subject: Subject) -> Result<Answer, Error> {
        self.ask_timed(subject).0
    }

    /// As [`Classifier::ask`], with how long the model itself took: of a run for several, each has its part, and what went by
    /// behind others is not counted. Where there is no answer, how long it was waited for.
    pub fn ask_timed(&self, subject: Subject) -> (Result<Answer, Error>, Duration) {
        let asked = Instant::now();
        self.wait(subject).unwrap_or_else(|error| (Err(error), asked.elapsed()))
    }

    fn wait(&self, subject: Subject) -> Result<Timed, Error> {
        let Settings { waiting, budget, .. } = self.settings;
        let stopped = || Error::Stopped { cause: "nobody takes questions".into() };
        let (reply, answer) = sync_channel(1);
        let request = Request { subject, until: Instant::now() + budget, reply };
        self.requests.as_ref().ok_or_else(stopped)?.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => Error::Busy { waiting },
            TrySendError::Disconnected(_) => stopped(),
        })?;
        answer.recv_timeout(budget).map_err(|error| match error {
            RecvTimeoutError::Timeout => Error::Late { budget },
            RecvTimeoutError::Disconnected => stopped(),
        })
    }
}

impl Drop for Classifier {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(model: &mut Model, waiting: &Receiver<Request>, Settings { together, budget, .. }: Settings) {
    while let Ok(first) = waiting.recv() {
        let requests = std::iter::once(first).chain(waiting.try_iter().take(together.saturating_sub(1)));
        let now = Instant::now();
        let (in_time, late): (Vec<Request>, Vec<Request>) = requests.partition(|request| request.until > now);
        for request in late {
            let _ = request.reply.send((Err(Error::Late { budget }), budget));
        }
        let (subjects, replies): (Vec<Subject>, Vec<_>) = in_time.into_iter().map(|r| (r.subject, r.reply)).unzip();
        for (reply, answer) in replies.into_iter().zip(answers(model, &subjects)) {
            // Who has gone meanwhile needs no answer.
            let _ = reply.send(answer);
        }
    }
}

/// One for each subject.
fn answers(model: &mut Model, subjects: &[Subject]) -> Vec<Timed> {
    let began = Instant::now();
    let run = guarded(model, subjects);
    let each = began.elapsed() / u32::try_from(subjects.len().max(1)).unwrap_or(u32::MAX);
    match run {
        Ok(answers) => answers.into_iter().map(|answer| (Ok(answer), each)).collect(),
        Err(error) if subjects.len() == 1 => vec![(Err(error), each)],
        Err(_) => subjects.iter().flat_map(|subject| answers(model, std::slice::from_ref(subject))).collect(),
    }
}

/// A panic in the runtime's wrapper fails this run, not those after it.
fn guarded(model: &mut Model, subjects: &[Subject]) -> Result<Vec<Answer>, Error> {
    let run = catch_unwind(AssertUnwindSafe(|| model.score(subjects)));
    run.unwrap_or_else(|_| Err(Error::Run { model: model.digest().to_owned(), cause: "it panicked".into() }))
}

fn warm_up() -> Subject {
    let chunk = Chunk { path: "warm-up".into(), role: Role::Source, first_line: 1, last_line: 1, tokens: vec![1] };
    let extract = Extract { chunks: vec![chunk.clone(), chunk], ..Extract::default() };
    Subject { ecosystem: Ecosystem::Npm, mode: Mode::Update, extract }
}
