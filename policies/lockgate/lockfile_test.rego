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
