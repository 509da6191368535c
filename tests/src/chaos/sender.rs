//! Sends deliveries as GitHub does, and once more what was not taken, as a person or an App may ask GitHub to.

use super::{fleet::Fleet, ledger::Ledger, plan::Kill, stage::Stage};
use crate::fake_github::Delivered;
use anyhow::Result;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How long a delivery that was not taken waits for its next attempt.
const AGAIN: Duration = Duration::from_millis(1500);

/// The way from GitHub to the server.
#[derive(Debug)]
pub struct Sender {
    stage: Arc<Stage>,
    fleet: Arc<Fleet>,
    ledger: Arc<Ledger>,
    /// Kills that wait for the next 202.
    armed: AtomicUsize,
    /// Whether deliveries that were refused are given up.
    over: AtomicBool,
}

impl Sender {
    pub fn new(stage: Arc<Stage>, fleet: Arc<Fleet>, ledger: Arc<Ledger>) -> Self {
        Self { stage, fleet, ledger, armed: AtomicUsize::new(0), over: AtomicBool::new(false) }
    }

    /// Lets the next 202 be followed by `kill -9` of everything.
    pub fn arm(&self) {
        self.armed.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes back one [`Self::arm`] that no delivery has met; answers whether there was one.
    pub fn disarm(&self) -> bool {
        let less = |armed: usize| armed.checked_sub(1);
        self.armed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }

    /// Gives up what was not taken yet.
    pub fn give_up(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Sends `payload` under a new id until it is answered 202.
    ///
    /// # Errors
    /// Never for what the server answers; that is in the ledger.
    pub async fn send(&self, event: &str, payload: &Value, head: usize) -> Result<()> {
        let delivery = self.ledger.delivery("", event, head, false);
        let sent = self.stage.github.deliver(&self.fleet.webhook()?, event, payload).await?;
        self.ledger.name(delivery, &sent.id);
        let id = sent.id.clone();
        self.insist(delivery, &id, event, payload, sent).await
    }

    /// Sends `payload` once more under an id that was used before, until it is answered 202.
    ///
    /// # Errors
    /// See [`Self::send`].
    pub async fn send_again(&self, id: &str, event: &str, payload: &Value, head: usize) -> Result<()> {
        let delivery = self.ledger.delivery(id, event, head, false);
        let sent = self.stage.github.redeliver(&self.fleet.webhook()?, id, event, payload).await?;
        self.insist(delivery, id, event, payload, sent).await
    }

    /// Makes a delivery that never arrives and that nobody sends again, unless the server asks GitHub to.
    ///
    /// # Errors
    /// See [`Self::send`].
    pub async fn lose(&self, event: &str, payload: &Value, head: usize) -> Result<()> {
        let delivery = self.ledger.delivery("", event, head, true);
        // Another delivery may be the one that gets lost; it is then sent again like any that was not answered.
        self.stage.github.lose_deliveries(1);
        let sent = self.stage.github.deliver(&self.fleet.webhook()?, event, payload).await?;
        self.ledger.name(delivery, &sent.id);
        self.ledger.answered(delivery, sent.status, &sent.body);
        Ok(())
    }

    async fn insist(&self, delivery: usize, id: &str, event: &str, payload: &Value, mut sent: Delivered) -> Result<()> {
        loop {
            if sent.status == 202 && self.disarm() {
                let met = self.fleet.kill_all(Duration::from_millis(200)).await;
                self.ledger.killed(Kill::AfterAccept, met);
            }
            self.ledger.answered(delivery, sent.status, &sent.body);
            if sent.status == 202 || self.over.load(Ordering::SeqCst) {
                return Ok(());
            }
            tokio::time::sleep(AGAIN).await;
            sent = self.stage.github.redeliver(&self.fleet.webhook()?, id, event, payload).await?;
        }
    }
}
