//! A server with an open firewall, in front of registries that can be told to lie.

use lockgate_gate::config::FirewallConfig;
use lockgate_tests::app::TestApp;
use reqwest::{Client, Response};
use std::net::{SocketAddr, TcpListener};

/// Seconds that a client waits in these tests.
pub(crate) const PATIENCE: u64 = 8;

pub(crate) struct Stage {
    pub app: TestApp,
    pub base: String,
    pub client: Client,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut FirewallConfig)) -> Self {
        let listen = free_address();
        let mut section = FirewallConfig { judge_seconds: PATIENCE, ..FirewallConfig::at(listen) };
        change(&mut section);
        let app = TestApp::start_with_feed(|config| config.firewall = Some(section)).await;
        Self { app, base: format!("http://{listen}/"), client: Client::new() }
    }

    pub(crate) async fn ask(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.expect("the firewall answers")
    }

    /// Status and text.
    pub(crate) async fn text(&self, path: &str) -> (u16, String) {
        let answer = self.ask(path).await;
        (answer.status().as_u16(), answer.text().await.expect("the answer is text"))
    }

    pub(crate) async fn bytes(&self, path: &str) -> (u16, Vec<u8>) {
        let answer = self.ask(path).await;
        (answer.status().as_u16(), answer.bytes().await.expect("the answer is whole").to_vec())
    }

    /// How often the registry was asked for a path that contains this.
    pub(crate) fn asked(&self, fragment: &str) -> usize {
        self.app.registries.requests().iter().filter(|path| path.contains(fragment)).count()
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address")
}
