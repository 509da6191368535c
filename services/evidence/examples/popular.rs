//! Lists of popular names for the typosquat check, and how it does with real ones.
//!
//! ```text
//! popular make TABLE NAME ORDER most|least    a list of names, one a line, to standard output
//! popular alarms ECOSYSTEM NAMES              real names: which are taken for look-alikes
//! popular recall ECOSYSTEM                    squats made of the popular names: how many are told
//! ```
//!
//! TABLE has a line for each package, its fields apart by tabs; NAME and ORDER are the places of its name and of a number
//! by which the most popular are found (downloads or dependants: `most` first; a rank: `least` first), counted from 1.
//! NAMES has a name at the start of each line. The shipped lists were made with `make` from download counts (npm), from
//! ranks (pypi), and from counts of dependants (cargo).

use lockgate_evidence::typosquat::{KNOWN, Likeness, Popular, TARGETS};
use lockgate_model::Ecosystem;
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["make", table, name, order, way] => make(table, name.parse()?, order.parse()?, way == "most"),
        ["alarms", ecosystem, names] => alarms(ecosystem.parse()?, names),
        ["recall", ecosystem] => recall(ecosystem.parse()?),
        _ => Err("popular make TABLE NAME ORDER most|least | alarms ECOSYSTEM NAMES | recall ECOSYSTEM".into()),
    }
}

fn make(table: &str, name: usize, order: usize, most: bool) -> Result<()> {
    let text = fs::read_to_string(table)?;
    let mut rows: Vec<(u64, &str)> = text
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            Some((fields.get(order.checked_sub(1)?)?.parse().ok()?, *fields.get(name.checked_sub(1)?)?))
        })
        .collect();
    rows.sort_by_key(|(number, _)| if most { u64::MAX - number } else { *number });
    rows.iter().take(KNOWN).for_each(|(_, name)| println!("{name}"));
    Ok(())
}

fn kind(how: &Likeness) -> &'static str {
    match how {
        Likeness::Homoglyph {} => "homoglyph",
        Likeness::Separators {} => "separators",
        Likeness::Scope {} => "scope",
        Likeness::WordOrder {} => "word order",
        Likeness::OneEdit { .. } => "one edit",
        Likeness::Affix { .. } => "affix",
    }
}

fn alarms(ecosystem: Ecosystem, names: &str) -> Result<()> {
    let popular = Popular::embedded();
    let text = fs::read_to_string(names)?;
    let names: BTreeSet<&str> = text.lines().filter_map(|line| line.split('\t').next()).collect();
    let mut kinds: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    let mut flagged = 0;
    for name in &names {
        let alike = popular.alike(ecosystem, name);
        let Some(first) = alike.first() else { continue };
        flagged += 1;
        let (count, examples) = kinds.entry(kind(&first.how)).or_default();
        *count += 1;
        if *count % 7 == 1 && examples.len() < 12 {
            examples.push(format!("{name}~{}", first.name));
        }
    }
    println!("{flagged} of {} names are taken for look-alikes", names.len());
    for (kind, (count, examples)) in kinds {
        println!("  {kind}: {count} ({})", examples.join(", "));
    }
    Ok(())
}

/// Makes a squat of a name, where one can be made of it.
type Squat = fn(&str) -> Option<String>;

/// Every target is squatted in the ways that were seen: each is told, or the name is popular itself or too short.
fn recall(ecosystem: Ecosystem) -> Result<()> {
    let popular = Popular::embedded();
    let targets = popular.targets(ecosystem);
    assert!(targets.len() <= TARGETS);
    let ways: [(&str, Squat); 8] = [
        ("letter doubled", |name| Some(format!("{name}{}", name.chars().last()?))),
        ("letter left out", |name| Some(format!("{}{}", name.get(..2)?, name.get(3..)?))),
        ("letters swapped", |name| {
            Some(format!("{}{}{}{}", name.get(..2)?, name.get(3..4)?, name.get(2..3)?, name.get(4..)?))
        }),
        ("letter replaced", |name| Some(format!("{}x{}", name.get(..2)?, name.get(3..)?))),
        ("0 for o", |name| name.contains('o').then(|| name.replacen('o', "0", 1))),
        ("1 for l", |name| name.contains('l').then(|| name.replacen('l', "1", 1))),
        ("separators dropped", |name| name.contains(['-', '_']).then(|| name.replace(['-', '_'], ""))),
        ("scope dropped", |name| name.starts_with('@').then(|| name.trim_start_matches('@').replace('/', "-"))),
    ];
    for (way, squat) in ways {
        // Into a scope its owner alone publishes, so that a squat leaves it.
        let targets = targets.iter().filter(|name| way == "scope dropped" || !name.starts_with('@'));
        let squats: BTreeSet<(&String, String)> =
            targets.filter_map(|name| Some((name, squat(name)?))).filter(|(name, squat)| *name != squat).collect();
        let told = squats.iter().filter(|(_, squat)| !popular.alike(ecosystem, squat).is_empty()).count();
        println!("{way}: {told} of {} are told", squats.len());
    }
    Ok(())
}
