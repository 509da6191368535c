//! Squats of popular names are told with the name that they imitate; popular neighbours are not.

use super::*;
use lockgate_model::Ecosystem;
use std::collections::BTreeMap;

fn popular() -> Popular {
    let npm =
        "react\npreact\nlodash\n@babel/core\n@types/node\ncross-env\nexpress\nrequest\nmoment\nvue\nreact-dom\nws\n";
    let pypi = "requests\npython-dateutil\nurllib3\nscikit-learn\nrequest\n";
    let cargo = "serde\nserde_json\ntokio\nrand\n# a comment\n\n";
    Popular::new(&BTreeMap::from([
        (Ecosystem::Npm, npm.to_owned()),
        (Ecosystem::Pypi, pypi.to_owned()),
        (Ecosystem::Cargo, cargo.to_owned()),
    ]))
}

fn told(ecosystem: Ecosystem, name: &str) -> Option<(String, Likeness)> {
    popular().alike(ecosystem, name).into_iter().next().map(|alike| (alike.name, alike.how))
}

fn edit(edit: Edit) -> Likeness {
    Likeness::OneEdit { edit }
}

#[test]
fn a_squat_is_told_with_the_name_that_it_imitates() {
    use Ecosystem::{Cargo, Npm, Pypi};
    for (ecosystem, name, popular, how) in [
        (Npm, "lodahs", "lodash", edit(Edit::Swapped)),
        (Npm, "lodashs", "lodash", edit(Edit::Added)),
        (Npm, "expres", "express", edit(Edit::LeftOut)),
        (Npm, "momemt", "moment", edit(Edit::Replaced)),
        (Npm, "1odash", "lodash", Likeness::Homoglyph {}),
        (Npm, "rnoment", "moment", Likeness::Homoglyph {}),
        (Npm, "v\u{ff55}e", "vue", Likeness::Homoglyph {}),
        (Npm, "re\u{430}ct", "react", Likeness::Homoglyph {}),
        (Npm, "crossenv", "cross-env", Likeness::Separators {}),
        (Npm, "cross.env", "cross-env", Likeness::Separators {}),
        (Npm, "babel-core", "@babel/core", Likeness::Scope {}),
        (Npm, "types-node", "@types/node", Likeness::Scope {}),
        (Npm, "@react/dom", "react-dom", Likeness::Scope {}),
        (Npm, "@type/node", "@types/node", edit(Edit::LeftOut)),
        (Npm, "dom-react", "react-dom", Likeness::WordOrder {}),
        (Npm, "lodash-js", "lodash", Likeness::Affix { affix: "-js".into() }),
        (Npm, "node-express", "express", Likeness::Affix { affix: "node-".into() }),
        (Pypi, "dateutil-python", "python-dateutil", Likeness::WordOrder {}),
        (Pypi, "pythondateutil", "python-dateutil", Likeness::Separators {}),
        (Pypi, "python3-requests", "requests", Likeness::Affix { affix: "python3-".into() }),
        (Pypi, "urlib3", "urllib3", edit(Edit::LeftOut)),
        (Pypi, "Scikit_Lear", "scikit-learn", edit(Edit::LeftOut)),
        (Cargo, "serde-json", "serde_json", Likeness::Separators {}),
        (Cargo, "tokio-rs", "tokio", Likeness::Affix { affix: "-rs".into() }),
    ] {
        assert_eq!(told(ecosystem, name), Some((popular.to_owned(), how)), "{name}");
    }
}

#[test]
fn what_is_popular_or_short_or_unlike_is_not() {
    for name in [
        "react",
        "preact",
        "request",
        "vuex",
        "vu",
        "wss",
        "w5",
        "leftpad",
        "@acme/lodash",
        "lodash-es",
        "@types/nodes",
        "",
    ] {
        assert_eq!(told(Ecosystem::Npm, name), None, "{name}");
    }
    assert_eq!(told(Ecosystem::Pypi, "Requests"), None, "another spelling of the same name");
    assert_eq!(told(Ecosystem::Pypi, "request"), None, "popular itself");
    assert_eq!(told(Ecosystem::Cargo, "random"), None);
}

#[test]
fn only_a_new_name_is_looked_at() {
    let check = Typosquat::new(Arc::new(popular()));
    let mut given = crate::fixtures::inputs(Ecosystem::Npm, vec![], &[]);
    given.subject.release.name = "lodahs".into();
    let alike = |given: &Inputs| match check.collect(given).unwrap() {
        Observation::Observed { facts } => serde_json::from_value::<TyposquatFacts>(facts).unwrap().alike.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(alike(&given), 1);
    given.change.kind = ChangeKind::Moved;
    assert_eq!(alike(&given), 0);
}

#[test]
fn the_shipped_names_are_there() {
    let popular = Popular::embedded();
    for (ecosystem, name) in [(Ecosystem::Npm, "react"), (Ecosystem::Pypi, "requests"), (Ecosystem::Cargo, "serde")] {
        assert_eq!(popular.alike(ecosystem, name), [], "{name}");
        assert_eq!(popular.alike(ecosystem, &format!("{name}{}", &name[..1])).is_empty(), name.len() < 6, "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_names_never_panic(name in ".{0,40}") {
        for ecosystem in Ecosystem::ALL {
            popular().alike(ecosystem, &name);
        }
    }
}
