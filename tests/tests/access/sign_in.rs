//! People sign in at an OpenID provider of ours, which also lies: each lie is refused for its own reason.

use crate::stage::{Browser, Stage, answer, app};
use lockgate_gate::{
    config::{Config, GrantConfig},
    web::auth::Role,
};
use lockgate_tests::{
    app::TestApp,
    oidc::{CLIENT_SECRET, Lie, Person, Provider},
};

/// Names what people's groups are worth and where they sign in.
fn with(provider: &Provider) -> impl FnOnce(&mut Config) + '_ {
    let grant = |group: &str, role, installations: Option<Vec<i64>>| GrantConfig {
        group: group.to_owned(),
        role,
        installations,
    };
    let grants = vec![
        grant("everybody", Role::Viewer, Some(vec![501])),
        grant("security", Role::Reviewer, Some(vec![502])),
        grant("operators", Role::Admin, None),
    ];
    move |config: &mut Config| {
        let secret = config
            .github
            .as_ref()
            .expect("what the test needs is there")
            .private_key_file
            .with_file_name("oidc-secret");
        std::fs::write(&secret, CLIENT_SECRET).expect("what the test needs is there");
        config.auth = provider.auth(secret, grants);
    }
}

async fn app_and_provider() -> (TestApp, Provider) {
    let provider = Provider::start(Person::new("somebody", &["everybody"])).await;
    (app(with(&provider)).await, provider)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_comes_back_to_the_page_asked_for() {
    let (app, _provider) = app_and_provider().await;
    let mut browser = Browser::new(&app);
    let sent = browser.get("/?outcome=deny").await;
    let login = sent.headers().get("location").unwrap().to_str().unwrap().to_owned();
    let (status, page) = browser.visit(&login).await;
    assert!(status == 200 && page.contains("/login/start?next=%2F%3Foutcome%3Ddeny"), "{page}");
    let (status, page) = browser.visit("/login/start?next=%2F%3Foutcome%3Ddeny").await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("somebody") && page.contains("viewer") && page.contains("Sign out"), "{page}");
    assert!(page.contains("<option value=\"deny\" selected>"), "the page that was asked for: {page}");
    assert_eq!(browser.cookies().len(), 1, "the sign-in's own cookie is gone");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_lie_is_refused_for_its_own_reason() {
    let (app, provider) = app_and_provider().await;
    let lies = [
        (Lie::Nonce, "nonce"),
        (Lie::Audience, "audience"),
        (Lie::AuthorizedParty, "audience"),
        (Lie::Expired, "expired"),
        (Lie::FromTomorrow, "not-yet"),
        (Lie::Issuer, "issuer"),
        (Lie::AnswerFromAnother, "other-issuer"),
        (Lie::Unsigned, "algorithm"),
        (Lie::HmacWithPublicKey, "algorithm"),
        (Lie::Signature, "signature"),
        (Lie::UnknownKey, "unknown-key"),
        (Lie::NotAToken, "malformed"),
        (Lie::Denied, "provider"),
    ];
    for (lie, code) in lies {
        provider.lie(lie);
        let mut browser = Browser::new(&app);
        let (status, page) = browser.visit("/login/start").await;
        assert_eq!(status, 401, "{lie:?}: {page}");
        assert!(page.contains(&format!("<span class=\"soft mono\">{code}</span>")), "{lie:?}: {page}");
        assert!(browser.cookies().is_empty(), "{lie:?} opens no session");
    }
    provider.lie(Lie::None);
    assert_eq!(Browser::new(&app).visit("/login/start").await.0, 200, "the truth is let in");
    app.finish().await;
}

/// Follows the way to the provider and stops before it leads back; answers the address that leads back.
async fn half_way(browser: &mut Browser) -> String {
    let sent = browser.get("/login/start").await;
    let provider = sent
        .headers()
        .get("location")
        .expect("what the test needs is there")
        .to_str()
        .expect("it works in a test")
        .to_owned();
    for parameter in ["code_challenge_method=S256", "code_challenge=", "state=", "nonce=", "response_type=code"] {
        assert!(provider.contains(parameter), "{provider}");
    }
    let back = browser.get(&provider).await;
    back.headers()
        .get("location")
        .expect("what the test needs is there")
        .to_str()
        .expect("it works in a test")
        .to_owned()
}

fn code_of(page: &str) -> &str {
    page.split_once("class=\"soft mono\">")
        .map(|(_, rest)| rest.split('<').next().expect("what the test needs is there"))
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_is_good_once_and_in_the_browser_that_began_it() {
    let (app, _provider) = app_and_provider().await;
    // Somebody else's browser, as when a victim is made to finish the attacker's sign-in.
    let mut attacker = Browser::new(&app);
    let back = half_way(&mut attacker).await;
    let (status, page) = answer(Browser::new(&app).get(&back).await).await;
    assert_eq!((status, code_of(&page)), (401, "state"), "{page}");
    // A browser with a sign-in of its own under way.
    let mut victim = Browser::new(&app);
    half_way(&mut victim).await;
    let (status, page) = answer(victim.get(&back).await).await;
    assert_eq!((status, code_of(&page)), (401, "state"), "{page}");
    // A guessed state.
    let mut guessing = Browser::new(&app);
    let mut guessed: url::Url = half_way(&mut guessing).await.parse().unwrap();
    let pairs: Vec<(String, String)> = guessed
        .query_pairs()
        .map(|(k, v)| (k.to_string(), if k == "state" { "guessed".to_owned() } else { v.to_string() }))
        .collect();
    guessed.query_pairs_mut().clear().extend_pairs(pairs);
    let (status, page) = answer(guessing.get(guessed.as_str()).await).await;
    assert_eq!((status, code_of(&page)), (401, "state"), "{page}");
    // The right browser, and then again with the same code and the same cookie.
    let under_way = attacker.cookies().clone();
    assert_eq!(attacker.get(&back).await.status(), 303);
    *attacker.cookies() = under_way;
    let (status, page) = answer(attacker.get(&back).await).await;
    assert_eq!((status, code_of(&page)), (401, "code"), "{page}");
    app.finish().await;
}

/// A provider that forgets to use its codes up, or whoever stands in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_used_up_even_if_the_provider_gives_the_same_answer_again() {
    let (app, provider) = app_and_provider().await;
    provider.lie(Lie::CodesForEver);
    let mut browser = Browser::new(&app);
    let back = half_way(&mut browser).await;
    let under_way = browser.cookies().clone();
    assert_eq!(browser.get(&back).await.status(), 303);
    *browser.cookies() = under_way;
    let (status, page) = answer(browser.get(&back).await).await;
    assert_eq!((status, code_of(&page)), (401, "used"), "{page}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_found_and_the_old_one_is_forgotten() {
    let (app, provider) = app_and_provider().await;
    assert_eq!(Browser::new(&app).visit("/login/start").await.0, 200);
    provider.rotate_to_es256();
    assert_eq!(Browser::new(&app).visit("/login/start").await.0, 200, "ES256 under a new key");
    provider.rotate_to_rs256();
    assert_eq!(Browser::new(&app).visit("/login/start").await.0, 200, "RS256 under a third one");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_say_what_a_person_sees() {
    let provider = Provider::start(Person::new("stranger", &["nobody-knows-this"])).await;
    let stage = Stage::with(with(&provider)).await;
    let (status, page) = Browser::new(&stage.app).visit("/login/start").await;
    assert_eq!((status, code_of(&page)), (403, "no-grant"), "{page}");

    provider.person(Person::new("both", &["everybody", "security"]));
    let mut both = Browser::new(&stage.app);
    let (_, page) = both.visit("/login/start?next=%2Fwaivers").await;
    // A viewer of 501 and a reviewer of 502 sees both requests and answers one.
    let answerable = |id: uuid::Uuid| page.contains(&format!("/waivers/{id}/grant"));
    assert!(page.contains(&stage.ours.repository.to_string()) && page.contains(&stage.theirs.repository.to_string()));
    assert!(!answerable(stage.ours.waiver) && answerable(stage.theirs.waiver), "{page}");
    let csrf = both.csrf().await;
    for (waiver, expected) in [(stage.ours.waiver, 404), (stage.theirs.waiver, 303)] {
        let fields = [("csrf", csrf.as_str()), ("reason", "one release"), ("days", "7")];
        let answer = both.send(&format!("/waivers/{waiver}/grant"), &fields).await;
        assert_eq!(answer.status(), expected);
    }

    provider.person(Person::new("viewer", &["everybody"]));
    let mut viewer = Browser::new(&stage.app);
    let (_, page) = viewer.visit("/login/start").await;
    assert!(page.contains(&stage.ours.repository.to_string()) && !page.contains(&stage.theirs.repository.to_string()));
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_provider_nobody_pastes_a_token_and_no_way_back_leads_elsewhere() {
    let (app, _provider) = app_and_provider().await;
    let mut browser = Browser::new(&app);
    assert_eq!(browser.sign_in(&app.token).await.status(), 403);
    for next in ["https://evil.example.test/", "//evil.example.test", "/\\evil.example.test"] {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let mut browser = Browser::new(&app);
        let sent = browser.get(&format!("/login/start?next={next}")).await;
        let provider = sent.headers().get("location").unwrap().to_str().unwrap().to_owned();
        let back = browser.get(&provider).await.headers().get("location").unwrap().to_str().unwrap().to_owned();
        let done = browser.get(&back).await;
        assert_eq!(done.headers().get("location").unwrap(), "/", "{next}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_or_calls_itself_otherwise_lets_nobody_in() {
    let provider = Provider::start(Person::new("somebody", &["everybody"])).await;
    let configure = with(&provider);
    let app = app(|config| {
        configure(config);
        let oidc = config.auth.oidc.as_mut().unwrap();
        oidc.issuer = format!("{}/", oidc.issuer);
    })
    .await;
    let (status, page) = Browser::new(&app).visit("/login/start").await;
    assert_eq!((status, code_of(&page)), (502, "unreachable"), "one slash more is another issuer: {page}");
    drop(provider);
    let (status, page) = Browser::new(&app).visit("/login/start").await;
    assert_eq!((status, code_of(&page)), (502, "unreachable"), "{page}");
    app.finish().await;
}
