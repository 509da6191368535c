# What the tests beside the rules start from: one npm release about which everything is known and good.
package lockgate_test

known := {
	"checksum": observed({
		"artifacts": [{"file": "a-1.1.0.tgz", "sha256": digest("a"), "bytes": 10, "findings": []}],
		"findings": [],
		"verified": ["a-1.1.0.tgz"],
	}),
	"license": observed({
		"declared": "MIT",
		"declared_valid": true,
		"detected": [],
		"expression": "MIT",
		"agreement": "declared_only",
		"obligations": [],
		"new_obligations": [],
	}),
	"advisory": observed({"feed": digest("f"), "imported_at": "2026-01-01T00:00:00Z", "matches": [], "unreadable": []}),
	"diff": observed({
		"mode": "update",
		"previous": "1.0.0",
		"files": {"added": 0, "removed": 0, "changed": 1, "total": 4},
		"irregularities": [],
		"findings": [],
		"truncated": false,
	}),
	"pin": observed({"findings": []}),
	"typosquat": observed({"alike": []}),
}

good := {
	"purl": "pkg:npm/a@1.1.0",
	"package": "pkg:npm/a",
	"ecosystem": "npm",
	"name": "a",
	"version": "1.1.0",
	"kind": "moved",
	"old_version": "1.0.0",
	"lockfile": "package-lock.json",
	"line": 12,
	"direct": true,
	"dev": false,
	"optional": false,
	"origin": {
		"type": "registry",
		"url": "https://registry.example.test/a/-/a-1.1.0.tgz",
		"host": "registry.example.test",
	},
	"license_choices": [["MIT"]],
	"evidence": known,
}

digest(letter) := sprintf("sha256:%s", [concat("", [letter | some _ in numbers.range(1, 64)])])

observed(found) := {"status": "observed", "id": digest("e"), "collector_version": 1, "facts": found}

unavailable(kind) := {"status": "unavailable", "id": digest("e"), "collector_version": 1, "cause": {
	"kind": kind,
	"message": "fetch npm a 1.1.0: registry answered 503 four times in 12 s",
	"remedy": null,
}}

absent := {"status": "absent", "id": digest("e"), "collector_version": 1}

change(releases) := {
	"version": 1,
	"asked_at": "2026-01-02T00:00:00Z",
	"repository": "octo-org/app",
	"base": "0",
	"head": "1",
	"registry_hosts": ["registry.example.test"],
	"required": ["checksum", "license", "advisory", "diff"],
	"lockfiles": [{"path": "package-lock.json", "format": "npm-package-lock", "status": "changed"}],
	"releases": releases,
}

# The good release with other evidence of one collector.
with_evidence(collector, evidence) := with_all_evidence(object.union(object.remove(known, [collector]), {collector: evidence}))

with_all_evidence(evidence) := object.union(object.remove(good, ["evidence"]), {"evidence": evidence})

# The good release with some facts of one collector replaced.
with_facts(collector, changed) := with_evidence(
	collector,
	observed(object.union(object.remove(known[collector].facts, object.keys(changed)), changed)),
)

with_origin(origin) := object.union(object.remove(good, ["origin"]), {"origin": origin})

denied(release) := codes if {
	found := data.lockgate.deny with input as change([release])
	codes := {reason.code | some reason in found}
}

left_open(release) := codes if {
	found := data.lockgate.incomplete with input as change([release])
	codes := {reason.code | some reason in found}
}

passes(release) if {
	count(denied(release)) == 0
	count(left_open(release)) == 0
}

test_a_good_release_passes if passes(good)

test_an_empty_change_passes if {
	count(data.lockgate.deny) == 0 with input as change([])
	count(data.lockgate.incomplete) == 0 with input as change([])
}

test_a_removed_release_needs_no_evidence if passes(object.union(object.remove(good, ["evidence"]), {
	"kind": "removed",
	"evidence": {},
}))

test_a_reason_names_the_release_and_its_place if {
	reasons := data.lockgate.deny with input as change([with_facts("advisory", {"matches": [advisory({})]})])
	some reason in reasons
	reason.purl == "pkg:npm/a@1.1.0"
	reason.lockfile == "package-lock.json"
	reason.line == 12
	reason.places == []
}
