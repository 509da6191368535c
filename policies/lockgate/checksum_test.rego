package lockgate_test

finding(type) := {
	"type": type,
	"file": "a-1.1.0.tgz",
	"locked": digest("1"),
	"registry": digest("2"),
	"actual": digest("3"),
	"first_seen_at": "2025-12-24T08:00:00Z",
}

with_finding(type) := with_facts("checksum", {"findings": [finding(type)]})

test_a_digest_that_the_registry_contradicts_is_denied if {
	denied(with_finding("locked_differs_from_registry")) == {"checksum-mismatch"}
}

test_bytes_that_contradict_the_lockfile_are_denied if {
	denied(with_finding("locked_differs_from_bytes")) == {"checksum-mismatch"}
}

test_bytes_that_contradict_the_registry_are_denied if {
	denied(with_finding("registry_differs_from_bytes")) == {"checksum-mismatch"}
}

test_a_finding_of_a_single_artifact_counts if {
	artifact := {"file": "a", "sha256": digest("a"), "bytes": 1, "findings": [finding("locked_differs_from_bytes")]}
	denied(with_facts("checksum", {"artifacts": [artifact]})) == {"checksum-mismatch"}
}

test_a_mismatch_says_which_digests_differ if {
	reasons := data.lockgate.deny with input as change([with_finding("locked_differs_from_registry")])
	some reason in reasons
	reason.message == concat("", [
		"the lockfile pins sha256:111111111111… for a-1.1.0.tgz, ",
		"but the registry states sha256:222222222222…",
	])
}

test_a_republished_release_is_denied if {
	denied(with_finding("changed_since_first_seen")) == {"release-republished"}
}

test_a_republished_release_says_since_when if {
	reasons := data.lockgate.deny with input as change([with_finding("changed_since_first_seen")])
	some reason in reasons
	contains(reason.message, "on 2025-12-24")
}

test_a_file_that_only_the_lockfile_knows_is_denied if {
	denied(with_finding("locked_file_unknown_to_registry")) == {"locked-file-unknown"}
}

test_no_digest_leaves_a_registry_release_open if {
	release := with_facts("checksum", {"findings": [finding("no_locked_digest")], "verified": []})
	left_open(release) == {"checksum-not-locked"}
	count(denied(release)) == 0
}

test_a_bundled_release_needs_no_digest_of_its_own if {
	release := with_facts("checksum", {"findings": [finding("no_locked_digest")], "verified": []})
	passes(object.union(object.remove(release, ["origin"]), {"origin": {"type": "bundled", "by": "pkg:npm/b@1.0.0"}}))
}

test_sha1_alone_leaves_the_release_open if left_open(with_finding("weak_digest_only")) == {"weak-digest"}

test_nothing_verified_leaves_the_release_open if {
	left_open(with_facts("checksum", {"verified": []})) == {"checksum-not-verified"}
}

test_an_unread_wheel_beside_a_verified_one_passes if passes(with_finding("not_verified_file"))

test_an_unknown_finding_leaves_the_release_open if {
	left_open(with_finding("something_newer")) == {"checksum-unknown-finding"}
}

test_an_absent_checksum_leaves_the_release_open if {
	left_open(with_evidence("checksum", absent)) == {"checksum-absent"}
}
