//! A name that lies, a redirect that leads elsewhere, and what the operator may allow.

use crate::{Client, Hosts, Network, Reach, Refused, Settings, reach, refusal, resolver::Lookup};
use axum::{Router, response::Redirect, routing::get};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use url::Url;

fn url(text: &str) -> Url {
    text.parse().expect("an address")
}

fn settings() -> Settings {
    Settings::new("test").timeout(Duration::from_secs(5))
}

/// A name server that gives the `n`th answer at the `n`th question, and the last one from then on.
fn answers(answers: &[&str]) -> (Lookup, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> =
        answers.iter().map(|a| a.split(' ').map(|a| a.parse().expect("an address")).collect()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        let answer = answers[count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)].clone();
        Box::pin(async move { Ok(answer) })
    });
    (lookup, asked)
}

/// A server on this machine and its port.
async fn server() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    let routes = Router::new()
        .route("/", get(|| async { "inside" }))
        .route("/away", get(|| async { Redirect::temporary("http://169.254.169.254/latest") }));
    tokio::spawn(async move { axum::serve(listener, routes).await.expect("the server runs") });
    port
}

#[test]
fn addresses_are_sorted_by_their_reach() {
    for (address, expected) in [
        ("93.184.216.34", Reach::Public),
        ("2606:2800:220:1::1", Reach::Public),
        ("127.0.0.1", Reach::Loopback),
        ("127.255.0.9", Reach::Loopback),
        ("::1", Reach::Loopback),
        ("10.0.0.1", Reach::Private),
        ("172.16.0.1", Reach::Private),
        ("172.32.0.1", Reach::Public),
        ("192.168.1.1", Reach::Private),
        ("100.64.0.1", Reach::Private),
        ("100.128.0.1", Reach::Public),
        ("fd00::1", Reach::Private),
        ("169.254.169.254", Reach::LinkLocal),
        ("fe80::1", Reach::LinkLocal),
        ("0.0.0.0", Reach::Nowhere),
        ("255.255.255.255", Reach::Nowhere),
        ("224.0.0.1", Reach::Nowhere),
        ("ff02::1", Reach::Nowhere),
        ("::", Reach::Nowhere),
        ("::ffff:127.0.0.1", Reach::Loopback),
        ("::ffff:10.0.0.1", Reach::Private),
        ("64:ff9b::a9fe:a9fe", Reach::LinkLocal),
        ("2002:7f00:1::", Reach::Loopback),
        ("::10.0.0.1", Reach::Private),
    ] {
        assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
    }
}

#[test]
fn only_the_hosts_of_the_client_are_asked() {
    let hosts = Hosts::within(Network::new(["inside.example.test".to_owned()], None))
        .with(&url("https://registry.example.test/npm/"))
        .with(&url("http://127.0.0.1:81/"))
        .with(&url("http://inside.example.test:8080/"))
        .with_host("Files.example.test")
        .with_host("cdn.example.test:8443");
    for (address, allowed) in [
        ("https://registry.example.test/other", true),
        ("https://REGISTRY.example.test:443/x", true),
        ("https://registry.example.test.:443/x", true),
        ("http://registry.example.test/x", false),
        ("http://registry.example.test:443/x", false),
        ("https://registry.example.test:444/x", false),
        ("https://files.example.test/x", true),
        ("https://a.files.example.test/x", false),
        ("https://cdn.example.test:8443/x", true),
        ("https://cdn.example.test/x", false),
        ("http://127.0.0.1:81/x", true),
        ("http://127.0.0.1/x", false),
        ("http://2130706433:81/x", true),
        ("http://inside.example.test:8080/x", true),
        ("https://registry.example.test@evil.example.test/", false),
        ("ftp://registry.example.test/", false),
        ("file:///etc/passwd", false),
    ] {
        assert_eq!(hosts.check(&url(address)).is_ok(), allowed, "{address}: {:?}", hosts.check(&url(address)));
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let port = server().await;
    let public = url(&format!("https://registry.example.test:{port}/"));
    for inside in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "0.0.0.0", "fe80::1"] {
        let (lookup, _) = answers(&[inside]);
        let client = Client::with_lookup(Hosts::within(Network::default()).with(&public), &settings(), lookup).unwrap();
        let error = client.get(&public).unwrap().send().await.unwrap_err();
        let refused = refusal(&error).unwrap_or_else(|| panic!("{inside}: {error:?}"));
        assert!(matches!(refused, Refused::Address { .. }), "{inside}: {refused}");
        assert!(refused.to_string().contains("outbound.private_hosts"), "{refused}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_checked_again() {
    let port = server().await;
    let address = url(&format!("http://rebind.localhost:{port}/"));
    // `*.localhost` may be on this machine, so the first answer is connected to; the second is not.
    let (lookup, asked) = answers(&["127.0.0.1", "10.0.0.1"]);
    let client = Client::with_lookup(Hosts::within(Network::default()).with(&address), &settings(), lookup).unwrap();
    let first = client.get(&address).unwrap().header("connection", "close").send().await.unwrap();
    assert_eq!(first.text().await.unwrap(), "inside");
    let second = client.get(&address).unwrap().send().await.unwrap_err();
    assert!(matches!(refusal(&second), Some(Refused::Address { .. })), "{second:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn of_a_mixed_answer_only_the_usable_part_is_connected_to() {
    let hosts = Hosts::within(Network::default()).with(&url("https://mixed.example.test/"));
    let mixed = ["10.0.0.1", "93.184.216.34", "127.0.0.1"].map(|a| a.parse().unwrap()).to_vec();
    assert_eq!(hosts.usable("mixed.example.test", mixed), Ok(vec!["93.184.216.34".parse().unwrap()]));
}

#[tokio::test]
async fn a_private_host_is_reached_when_the_operator_says_so_but_never_a_link_local_one() {
    let port = server().await;
    let address = url(&format!("http://inside.example.test:{port}/"));
    let network = Network::new(["INSIDE.example.test".to_owned()], None);
    let (lookup, _) = answers(&["127.0.0.1"]);
    let client = Client::with_lookup(Hosts::within(network.clone()).with(&address), &settings(), lookup).unwrap();
    assert_eq!(client.get(&address).unwrap().send().await.unwrap().text().await.unwrap(), "inside");
    let (lookup, _) = answers(&["169.254.169.254"]);
    let client = Client::with_lookup(Hosts::within(network).with(&address), &settings(), lookup).unwrap();
    assert!(refusal(&client.get(&address).unwrap().send().await.unwrap_err()).is_some());
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_not_even_looked_up() {
    let (lookup, asked) = answers(&["93.184.216.34"]);
    let hosts = Hosts::within(Network::default()).with(&url("https://a.example.test/"));
    let client = Client::with_lookup(hosts, &settings(), lookup).unwrap();
    assert_eq!(
        client.get(&url("https://b.example.test/")).unwrap_err(),
        Refused::Host { host: "b.example.test".into() }
    );
    // Even past the check of the address, as a redirect of somebody else's code would be.
    let error = client.inner.get("https://b.example.test/").send().await.unwrap_err();
    assert!(matches!(refusal(&error), Some(Refused::Host { .. })), "{error:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_comes_back_as_an_answer() {
    let port = server().await;
    let address = url(&format!("http://127.0.0.1:{port}/away"));
    let client = Client::new(Hosts::within(Network::default()).with(&address), &settings()).unwrap();
    let answer = client.get(&address).unwrap().send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 307);
    let next = url(answer.headers()["location"].to_str().unwrap());
    assert_eq!(client.get(&next).unwrap_err(), Refused::Host { host: "169.254.169.254".into() });
}

#[test]
fn the_rules_of_the_process_hold_for_every_client_that_names_none() {
    let inside = url("http://inside.example.test/");
    assert!(Hosts::new().with(&inside).check(&inside).is_err());
    Network::new(["Inside.example.test".to_owned()], None).install();
    assert!(Hosts::new().with(&inside).check(&inside).is_ok());
}

#[tokio::test]
async fn the_systems_resolver_is_asked_by_default() {
    let port = server().await;
    let address = url(&format!("http://localhost:{port}/"));
    let client = Client::new(Hosts::within(Network::default()).with(&address), &settings()).unwrap();
    assert_eq!(client.get(&address).unwrap().send().await.unwrap().text().await.unwrap(), "inside");
}
