package lockgate_test

pinned(finding) := with_facts("pin", {"findings": [finding]})

pin_said(finding) := texts if {
	found := data.lockgate.deny with input as change([pinned(finding)])
	texts := {reason.message | some reason in found}
}

test_a_release_that_nobody_looked_at_is_left_open if {
	left_open(with_all_evidence(object.remove(known, ["pin"]))) == {"pin-missing"}
	left_open(with_evidence("pin", absent)) == {"pin-missing"}
}

test_the_address_of_another_package_is_denied if {
	finding := {"type": "name_differs_from_address", "address": "https://registry.example.test/evil/-/evil-1.0.0.tgz", "address_name": "evil"}
	denied(pinned(finding)) == {"pin-name-mismatch"}
	pin_said(finding) == {"its address is that of evil"}
}

test_the_address_of_another_version_is_denied if {
	finding := {"type": "version_differs_from_address", "address": "a", "address_version": "1.0.0"}
	denied(pinned(finding)) == {"pin-version-mismatch"}
	pin_said(finding) == {"its address is that of version 1.0.0"}
}

test_the_file_of_another_project_is_denied if {
	denied(pinned({"type": "name_differs_from_file", "file": "evil-1.0.tar.gz"})) == {"pin-name-mismatch"}
}

test_digests_that_change_go_or_weaken_are_denied if {
	two := {"before": digest("1"), "after": digest("2")}
	denied(pinned(object.union(two, {"type": "digest_changed"}))) == {"pin-digest-changed"}
	denied(pinned(object.union(two, {"type": "digest_weakened"}))) == {"pin-digest-weakened"}
	denied(pinned({"type": "digest_removed", "before": digest("1")})) == {"pin-digest-removed"}
}

test_a_weaker_digest_is_named_by_its_algorithm if {
	finding := {"type": "digest_weakened", "before": "sha512:aa", "after": "sha1:bb"}
	pin_said(finding) == {"it was pinned by SHA512 and is now pinned by SHA1"}
}

test_an_archive_at_an_address_needs_a_digest if {
	denied(pinned({"type": "address_without_digest", "address": "a"})) == {"pin-digest-lacking"}
	denied(pinned({"type": "address_with_weak_digest", "address": "a", "locked": "sha1:aa"})) == {"pin-digest-lacking"}
}

test_an_internal_name_from_outside_is_denied if {
	finding := {
		"type": "internal_from_outside",
		"names": "@acme/*",
		"registry": "https://npm.example.test/",
		"address": "https://public.example.test/@acme/ui",
	}
	denied(pinned(finding)) == {"dependency-confusion"}
	pin_said(finding) == {"@acme/* are internal names, served by https://npm.example.test/ alone, and it comes from https://public.example.test/@acme/ui"}
}

test_an_internal_name_of_unstated_origin_is_left_open if {
	release := pinned({"type": "internal_from_unstated", "names": "@acme/*", "registry": "https://npm.example.test/"})
	left_open(release) == {"internal-origin-unstated"}
	count(denied(release)) == 0
}

without_diff(release) := object.union(
	object.remove(release, ["evidence"]),
	{"evidence": object.remove(release.evidence, ["diff"])},
)

test_a_new_script_is_told_before_the_archive_is_there if {
	release := pinned({"type": "install_script_new"})
	denied(without_diff(release)) == {"install-script-new"}
	passes(release)
}

test_a_wanted_script_passes if {
	thresholds := object.union(data.thresholds, {"install_hooks_allowed": ["pkg:npm/a"]})
	release := without_diff(pinned({"type": "install_script_new"}))
	count(data.lockgate.deny) == 0 with input as change([release]) with data.thresholds as thresholds
}

test_a_script_that_the_lockfile_denies_is_left_open if {
	left_open(pinned({"type": "install_script_unmarked", "scripts": ["install: node a.js"]})) == {"install-script-unmarked"}
}

test_a_release_that_left_its_registry_is_judged_by_its_origin if passes(pinned({"type": "left_registry", "address": "a"}))

test_a_finding_that_the_policy_does_not_know_is_left_open if {
	left_open(pinned({"type": "something_new"})) == {"pin-unknown-finding"}
}

test_facts_in_another_shape_are_left_open if left_open(with_evidence("pin", observed({}))) == {"pin-facts-unexpected"}
