# Bytes: the lockfile, the registry and what was downloaded must agree, and must not change afterwards.
package lockgate

mismatches := {"locked_differs_from_registry", "locked_differs_from_bytes", "registry_differs_from_bytes"}

judged_findings := mismatches | {
	"changed_since_first_seen",
	"no_locked_digest",
	"weak_digest_only",
	"locked_file_unknown_to_registry",
	"not_verified_file",
}

deny contains reason(release, "checksum-mismatch", mismatch(finding), remedy) if {
	some release in incoming
	some finding in checksum_findings(release)
	finding.type in mismatches
	remedy := "install nothing; find out who changed the lockfile or the artifact, then lock again from a clean cache"
}

deny contains reason(release, "release-republished", message, remedy) if {
	some release in incoming
	some finding in checksum_findings(release)
	finding.type == "changed_since_first_seen"
	message := sprintf("%s is not the file that was first seen%s: its bytes changed under the same version", [
		file_name(finding),
		since(finding),
	])
	remedy := "take another version; if the publisher confirms the change, have the new bytes reviewed"
}

deny contains reason(release, "locked-file-unknown", message, remedy) if {
	some release in incoming
	some finding in checksum_findings(release)
	finding.type == "locked_file_unknown_to_registry"
	message := sprintf("the lockfile pins %s, which the registry does not list", [file_name(finding)])
	remedy := "lock again against the configured registry; a file that only the lockfile knows cannot be checked"
}

incomplete contains reason(release, "checksum-not-locked", message, remedy) if {
	some release in incoming
	release.origin.type == "registry"
	some finding in checksum_findings(release)
	finding.type == "no_locked_digest"
	message := "the lockfile pins no digest, so tomorrow's install may bring other bytes"
	remedy := "lock again with a client that writes digests (npm 7 or later, uv lock, pip --require-hashes)"
}

incomplete contains reason(release, "weak-digest", message, remedy) if {
	some release in incoming
	some finding in checksum_findings(release)
	finding.type == "weak_digest_only"
	message := "the lockfile pins only a SHA-1 digest, for which two files can be made that share it"
	remedy := "lock again so that the lockfile holds a SHA-256 or SHA-512 digest"
}

incomplete contains reason(release, "checksum-not-verified", message, remedy) if {
	some release in incoming
	release.origin.type == "registry"
	release.evidence.checksum.status == "observed"
	count(listed(release, "checksum", "verified")) == 0
	not explains_itself(release)
	message := "no file of the release was compared with its locked digest"
	remedy := "run the check again; if it stays, lockgate doctor says which registry answers are missing"
}

incomplete contains reason(release, "checksum-absent", message, remedy) if {
	some release in incoming
	release.origin.type == "registry"
	release.evidence.checksum.status == "absent"
	message := "there is no digest to compare with anything"
	remedy := "lock again so that the lockfile holds a SHA-256 or SHA-512 digest"
}

# A finding that this policy does not know must not pass for none.
incomplete contains reason(release, "checksum-unknown-finding", message, remedy) if {
	some release in incoming
	some finding in checksum_findings(release)
	not finding.type in judged_findings
	message := sprintf("the checksum check found %v, which this policy does not know", [object.get(finding, "type", null)])
	remedy := "update the policy to the version of the server"
}

checksum_findings(release) := array.concat(
	listed(release, "checksum", "findings"),
	[finding |
		some artifact in listed(release, "checksum", "artifacts")
		some finding in object.get(artifact, "findings", [])
	],
)

# Some other finding already says why nothing was verified.
explains_itself(release) if {
	some finding in checksum_findings(release)
	finding.type != "not_verified_file"
}

mismatch(finding) := sprintf("the lockfile pins %s for %s, but the registry states %s", [
	brief(finding.locked),
	file_name(finding),
	brief(finding.registry),
]) if {
	finding.type == "locked_differs_from_registry"
}

mismatch(finding) := sprintf("the lockfile pins %s for %s, but the bytes hash to %s", [
	brief(finding.locked),
	file_name(finding),
	brief(finding.actual),
]) if {
	finding.type == "locked_differs_from_bytes"
}

mismatch(finding) := sprintf("the registry states %s for %s, but the bytes it sends hash to %s", [
	brief(finding.registry),
	file_name(finding),
	brief(finding.actual),
]) if {
	finding.type == "registry_differs_from_bytes"
}

file_name(finding) := worded(object.get(finding, "file", null), "its file")

since(finding) := sprintf(" on %s", [substring(finding.first_seen_at, 0, 10)]) if {
	is_string(finding.first_seen_at)
} else := ""
