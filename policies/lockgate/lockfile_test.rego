package lockgate_test

with_lockfile(lockfile) := object.union(object.remove(change([]), ["lockfiles"]), {"lockfiles": [lockfile]})

malformed := {
	"path": "web/package-lock.json",
	"format": "npm-package-lock",
	"status": "malformed",
	"error": {"path": "web/package-lock.json", "line": 7, "column": 2, "message": "expected a comma"},
}

test_a_malformed_lockfile_leaves_the_change_open if {
	found := data.lockgate.incomplete with input as with_lockfile(malformed)
	some reason in found
	reason.code == "lockfile-malformed"
	reason.lockfile == "web/package-lock.json"
	reason.line == 7
	reason.message == "the lockfile cannot be read: expected a comma"
}

test_a_malformed_lockfile_without_line_is_still_found if {
	nowhere := object.union(malformed, {"error": {"line": null, "message": "not UTF-8"}})
	found := data.lockgate.incomplete with input as with_lockfile(nowhere)
	some reason in found
	reason.line == 0
}

test_other_lockfiles_pass if {
	every status in ["appeared", "disappeared", "changed"] {
		lockfile := {"path": "p", "format": "uv-lock", "status": status}
		count(data.lockgate.incomplete) == 0 with input as with_lockfile(lockfile)
	}
}

with_lockfile_finding(finding) := with_lockfile({
	"path": "web/package-lock.json",
	"format": "npm-package-lock",
	"status": "changed",
	"findings": [finding],
})

lockfile_codes(finding) := codes if {
	found := data.lockgate.incomplete with input as with_lockfile_finding(finding)
	codes := {reason.code | some reason in found}
}

new_registry := {"type": "new_registry", "address": "https://npm.example.test/team", "line": 9}

test_a_new_registry_leaves_the_change_open if {
	found := data.lockgate.incomplete with input as with_lockfile_finding(new_registry)
	some reason in found
	reason.code == "registry-new"
	reason.line == 9
	contains(reason.message, "https://npm.example.test/team")
}

test_a_registry_that_the_data_accepts_passes if {
	pins := object.union(data.pins, {"registries": ["https://npm.example.test/team/"]})
	found := data.lockgate.incomplete with input as with_lockfile_finding(new_registry) with data.pins as pins
	count(found) == 0
}

test_a_neighbour_of_an_accepted_registry_does_not_pass if {
	pins := object.union(data.pins, {"registries": ["https://npm.example.test/"]})
	found := data.lockgate.incomplete with input as with_lockfile_finding(new_registry) with data.pins as pins
	count(found) == 1
}

asked_in_vain := {"manifest": "web/package.json", "manifest_line": 7, "name": "a", "range": "^1.0.0"}

test_a_package_that_is_not_locked_leaves_the_change_open if {
	lockfile_codes(object.union(asked_in_vain, {"type": "not_locked"})) == {"manifest-not-locked"}
}

test_a_version_that_nobody_asked_for_leaves_the_change_open if {
	finding := object.union(asked_in_vain, {"type": "out_of_range", "version": "2.0.0", "line": 30})
	found := data.lockgate.incomplete with input as with_lockfile_finding(finding)
	some reason in found
	reason.code == "manifest-disagrees"
	reason.line == 30
	reason.message == "web/package.json:7 asks for a ^1.0.0, and the lockfile pins 2.0.0"
}

test_a_finding_of_lockfiles_that_the_policy_does_not_know_is_left_open if {
	lockfile_codes({"type": "something_new"}) == {"lockfile-unknown-finding"}
}
