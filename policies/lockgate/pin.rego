# Pins of releases: whether the lockfile's entry agrees with itself, with the one before, and with the operator's names.
#
# Where a release may come from is judged in origin.rego, whether its digest is the right one in checksum.rego.
package lockgate

# These checks need no byte and no answer, so that nothing excuses their absence.
incomplete contains reason(release, sprintf("%s-missing", [collector]), message, "run the check again") if {
	some release in incoming
	some collector in ["pin", "typosquat"]
	not looked(release, collector)
	message := sprintf("the %s check has not looked at it", [collector])
}

looked(release, collector) if release.evidence[collector].status in {"observed", "unavailable"}

deny contains reason(release, pin_code[finding.type], pin_message(finding), pin_remedy[finding.type]) if {
	some release in incoming
	some finding in listed(release, "pin", "findings")
	finding.type in object.keys(pin_remedy)
}

# The check of the archive says the same with the place in it, once it is there.
deny contains reason(release, "install-script-new", message, remedy) if {
	some release in incoming
	some finding in listed(release, "pin", "findings")
	finding.type == "install_script_new"
	mode := pin_mode(release)
	"install_hook" in data.thresholds.held[mode][release.ecosystem]
	not release.package in data.thresholds.install_hooks_allowed
	not facts(release, "diff")
	message := "the lockfile marks it as running a script on installation, which nothing before did"
	remedy := "read the script; if it is wanted, have the package added to install_hooks_allowed in data/thresholds.json"
}

incomplete contains reason(release, "install-script-unmarked", message, remedy) if {
	some release in incoming
	some finding in listed(release, "pin", "findings")
	finding.type == "install_script_unmarked"
	not release.package in data.thresholds.install_hooks_allowed
	message := sprintf("it runs a script on installation (%s), and the lockfile says that it has none", [finding.scripts[0]])
	remedy := "write the lockfile anew with npm 7 or later and commit the result unedited"
}

incomplete contains reason(release, "internal-origin-unstated", message, remedy) if {
	some release in incoming
	some finding in listed(release, "pin", "findings")
	finding.type == "internal_from_unstated"
	message := sprintf("%s are internal names, and the lockfile does not say that it comes from %s", [
		finding.names,
		finding.registry,
	])
	remedy := sprintf("have the client take these names from %s and lock again", [finding.registry])
}

# A finding that this policy does not know must not pass for none.
incomplete contains reason(release, "pin-unknown-finding", message, remedy) if {
	some release in incoming
	some finding in listed(release, "pin", "findings")
	not finding.type in judged_pin_findings
	message := sprintf("the pin check found %v, which this policy does not know", [object.get(finding, "type", null)])
	remedy := "update the policy to the version of the server"
}

# A release that left its registry is judged by where it comes from now (origin.rego).
judged_pin_findings := object.keys(pin_remedy) | {
	"install_script_new",
	"install_script_unmarked",
	"internal_from_unstated",
	"left_registry",
}

pin_code := {
	"name_differs_from_address": "pin-name-mismatch",
	"name_differs_from_file": "pin-name-mismatch",
	"version_differs_from_address": "pin-version-mismatch",
	"digest_changed": "pin-digest-changed",
	"digest_removed": "pin-digest-removed",
	"digest_weakened": "pin-digest-weakened",
	"address_without_digest": "pin-digest-lacking",
	"address_with_weak_digest": "pin-digest-lacking",
	"internal_from_outside": "dependency-confusion",
}

pin_remedy := {
	"name_differs_from_address": "undo the edit of the lockfile and lock again with its client; find out who changed the address",
	"name_differs_from_file": "undo the edit of the lockfile and lock again with its client; find out who changed the file name",
	"version_differs_from_address": "undo the edit of the lockfile and lock again with its client; find out who changed the address",
	"digest_changed": "find out which of the two is the publisher's: a released version never changes; take another version until then",
	"digest_removed": "put the digest back: undo the edit of the lockfile and lock again with its client",
	"digest_weakened": "put the stronger digest back: undo the edit of the lockfile and lock again with its client",
	"address_without_digest": "pin the archive's SHA-256 or SHA-512, or use a released version",
	"address_with_weak_digest": "pin the archive's SHA-256 or SHA-512, or use a released version",
	"internal_from_outside": "do not install it: a stranger may have taken the name; lock again against the internal registry",
}

pin_message(finding) := sprintf("its address is that of %s", [finding.address_name]) if {
	finding.type == "name_differs_from_address"
}

pin_message(finding) := sprintf("its address is that of version %s", [finding.address_version]) if {
	finding.type == "version_differs_from_address"
}

pin_message(finding) := sprintf("it pins %s, which is the file of another project", [finding.file]) if {
	finding.type == "name_differs_from_file"
}

pin_message(finding) := sprintf("the same version was pinned as %s and is now pinned as %s", [
	brief(finding.before),
	brief(finding.after),
]) if {
	finding.type == "digest_changed"
}

pin_message(finding) := sprintf("it was pinned as %s and is now pinned by no digest", [brief(finding.before)]) if {
	finding.type == "digest_removed"
}

pin_message(finding) := sprintf("it was pinned by %s and is now pinned by %s", [
	algorithm(finding.before),
	algorithm(finding.after),
]) if {
	finding.type == "digest_weakened"
}

pin_message(finding) := "it is an archive at an address, and no digest says which bytes are meant" if {
	finding.type == "address_without_digest"
}

pin_message(finding) := "it is an archive at an address, pinned by SHA-1 alone, for which two files can be made that share it" if {
	finding.type == "address_with_weak_digest"
}

pin_message(finding) := sprintf("%s are internal names, served by %s alone, and it comes from %s", [
	finding.names,
	finding.registry,
	finding.address,
]) if {
	finding.type == "internal_from_outside"
}

algorithm(digest) := upper(split(digest, ":")[0])

pin_mode(release) := "new" if {
	release.kind == "added"
} else := "update"
