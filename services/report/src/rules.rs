//! What each reason code means, for readers who meet it outside a check run (code scanning, audits).

/// A reason code, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) short: String,
    pub(crate) help: String,
}

/// Known codes, what they say, and why they matter.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "checksum-mismatch",
        "Digests disagree",
        "The lockfile, the registry and the delivered bytes do not agree. One of them was altered; until it is known which, nothing may be installed.",
    ),
    (
        "release-republished",
        "Bytes changed under the same version",
        "The artifact is not the one that was first seen under this version. Published versions must not change.",
    ),
    (
        "locked-file-unknown",
        "Locked file is not in the registry",
        "The lockfile pins a file that the registry does not list, so nothing vouches for it.",
    ),
    (
        "checksum-not-locked",
        "No digest is locked",
        "Without a digest the next installation may bring other bytes without anybody noticing.",
    ),
    (
        "weak-digest",
        "Only a weak digest is locked",
        "SHA-1 no longer resists collisions: two files can share the locked digest.",
    ),
    ("checksum-not-verified", "Nothing was verified", "No file of the release was compared with its locked digest."),
    (
        "license-denied",
        "Licence is on the deny list",
        "Every alternative that the licence offers contains a denied licence.",
    ),
    (
        "license-not-allowed",
        "Licence is not on the allow list",
        "No alternative that the licence offers consists of allowed licences alone.",
    ),
    ("license-unknown", "Licence is unknown", "No licence is known. Without a licence nobody may use the code."),
    ("advisory-malicious", "Reported as malicious", "An advisory reports this release as malware."),
    ("advisory-critical", "Critical advisory", "A known vulnerability of critical severity comes in with this change."),
    ("advisory-high", "High advisory", "A known vulnerability of high severity comes in with this change."),
    ("advisory-medium", "Medium advisory", "A known vulnerability of medium severity comes in with this change."),
    ("advisory-low", "Low advisory", "A known vulnerability of low severity comes in with this change."),
    (
        "advisory-severity-unknown",
        "Advisory without severity",
        "A known vulnerability states no severity, so the threshold cannot be applied.",
    ),
    (
        "advisory-unreadable",
        "Advisory cannot be read",
        "An advisory about this package cannot be compared with its version.",
    ),
    (
        "install-hook-added",
        "Script runs on installation",
        "Code that runs by itself on installation is how most malicious packages act.",
    ),
    (
        "suspicious-diff",
        "Suspicious combination in an update",
        "The update brings in capabilities that together are typical of malicious code.",
    ),
    (
        "archive-irregular",
        "Archive is built to mislead",
        "The archive contains what different tools unpack differently, or outside their folder.",
    ),
    (
        "archive-unread",
        "Archive could not be read in full",
        "Part of the archive was not read, so that finding nothing means nothing.",
    ),
    (
        "release-too-young",
        "Release is too young",
        "It was published lately. Most malicious releases are found within days, so it waits.",
    ),
    ("release-age-unknown", "Release's age is unknown", "Nothing says when it was published."),
    (
        "signature-rejected",
        "Signature does not hold",
        "What was signed is not what was delivered, or not by whom it says.",
    ),
    (
        "signature-undecided",
        "Signature cannot be judged",
        "It is signed in a way, by a log or by a key that is not known here.",
    ),
    (
        "provenance-disappeared",
        "Provenance has disappeared",
        "Earlier releases of the line were signed and this one is not, as where an account was stolen.",
    ),
    (
        "provenance-changed",
        "Built elsewhere than before",
        "Another repository, issuer, kind of ref or machine than that of the releases before it.",
    ),
    ("file-not-attested", "File without attestation", "Other files of the same release are attested."),
    (
        "source-differs",
        "Built from another repository than it names",
        "The manifest claims a repository, and a verified certificate says that another one was built.",
    ),
    ("diff-truncated", "Difference is larger than what is listed", "Not every difference of the update was judged."),
    (
        "origin-not-allowed",
        "Origin is not allowed",
        "The lockfile takes the release from a host that the operator has not configured.",
    ),
    ("git-without-commit", "Git dependency without commit", "A branch or tag may point to other code tomorrow."),
    ("registry-hosts-unknown", "No registry is configured", "Nothing says which hosts may be trusted."),
    ("lockfile-malformed", "Lockfile cannot be read", "What an unreadable lockfile brings in is unknown."),
    ("policy-data-invalid", "Policy data is invalid", "A list that the policy reads is missing or has the wrong type."),
    (
        "pin-name-mismatch",
        "Lockfile entry points at another package",
        "The address or the file that the lockfile gives for a release is that of another package.",
    ),
    (
        "pin-version-mismatch",
        "Lockfile entry points at another version",
        "The address that the lockfile gives for a release is that of another version.",
    ),
    (
        "pin-digest-changed",
        "Other bytes for the same version",
        "A released version never changes. Either the digest before or the one now is not the publisher's.",
    ),
    (
        "pin-digest-removed",
        "A digest was taken out",
        "Without its digest, the release may be exchanged without notice.",
    ),
    (
        "pin-digest-weakened",
        "A digest became weaker",
        "The lockfile pinned the package by a stronger algorithm before.",
    ),
    (
        "pin-digest-lacking",
        "Archive at an address without a strong digest",
        "What an address serves may be another archive tomorrow.",
    ),
    (
        "install-script-new",
        "Script runs on installation",
        "Code that runs by itself on installation is how most malicious packages act.",
    ),
    (
        "install-script-unmarked",
        "Script that the lockfile denies",
        "The package runs a script on installation, and the lockfile says that it has none.",
    ),
    (
        "dependency-confusion",
        "Internal name from outside",
        "A name that belongs to the operator is served by somebody else's registry.",
    ),
    (
        "internal-origin-unstated",
        "Internal name of unstated origin",
        "The lockfile does not say which registry serves a name that belongs to the operator.",
    ),
    (
        "typosquat",
        "Name looks like a popular one",
        "Malicious packages are given names that are read or typed for those of popular ones.",
    ),
    ("pickle-runs-code", "Pickle runs code", "A serialised Python object runs code as soon as it is loaded."),
    (
        "pickle-imports",
        "Pickle imports from a library",
        "A serialised Python object looks up names of a library when it is loaded.",
    ),
    (
        "pickle-unreadable",
        "Pickle could not be read",
        "What a serialised Python object does behind the place where reading ended is not known.",
    ),
    (
        "registry-new",
        "Releases come from a new registry",
        "Who can name another registry in a lockfile can serve every release from there.",
    ),
    (
        "manifest-not-locked",
        "Manifest asks for what is not locked",
        "What will be installed is chosen at the next installation, unseen.",
    ),
    (
        "manifest-disagrees",
        "Lockfile disagrees with its manifest",
        "The locked version is not one that the project asks for: one of the two files was edited by hand.",
    ),
    (
        "pin-not-fixed",
        "Named by what can be moved",
        "The owner of a tag or branch, or whoever took the account, can move it to other code.",
    ),
    (
        "pin-moved-under-label",
        "Commit changed, comment did not",
        "Who reads the comment believes that the old version still runs.",
    ),
    ("submodule-moved", "Submodule moved", "The code of a submodule comes in without being looked into."),
    (
        "submodule-address-changed",
        "Submodule comes from elsewhere",
        "The same path of the repository now holds the code of another address.",
    ),
    ("pins-unreadable", "File cannot be read", "What an unreadable workflow or build file takes in is unknown."),
    ("new-obligation", "New licence obligation", "The change brings in a duty that was not owed before."),
];

pub(crate) fn describe(code: &str) -> Rule {
    if let Some((_, short, help)) = KNOWN.iter().find(|(known, _, _)| *known == code) {
        return Rule { short: (*short).to_owned(), help: (*help).to_owned() };
    }
    let of = |suffix: &str| code.strip_suffix(suffix);
    let (short, help) = if let Some(check) = of("-unavailable") {
        (format!("The {check} check could not be made"), "Evidence that could not be gathered never passes.")
    } else if let Some(check) = of("-missing") {
        (format!("The {check} check was not made"), "Evidence that is missing never passes.")
    } else if let Some(check) = of("-absent") {
        (format!("The {check} check found nothing to look at"), "What is not there never counts as sound.")
    } else if let Some(check) = of("-facts-unexpected") {
        (format!("The {check} check's facts have another shape"), "The policy and the server do not fit together.")
    } else {
        (code.replace('-', " "), "A rule of the operator's policy.")
    };
    Rule { short, help: help.to_owned() }
}
