package lockgate_test

test_each_failed_attempt_leaves_the_release_open if {
	every collector in ["checksum", "license", "advisory", "diff", "a_check_of_ours"] {
		left_open(with_evidence(collector, unavailable("upstream"))) == {sprintf("%s-unavailable", [collector])}
	}
}

test_a_failed_attempt_says_what_failed_and_what_to_do if {
	reasons := data.lockgate.incomplete with input as change([with_evidence("diff", unavailable("not_found"))])
	some reason in reasons
	reason.message == "fetch npm a 1.1.0: registry answered 503 four times in 12 s"
	reason.remedy == "check that the configured registry serves this release, or take one that it serves"
}

test_the_remedy_of_the_cause_wins if {
	evidence := object.union(unavailable("internal"), {"cause": {"remedy": "turn it off and on"}})
	reasons := data.lockgate.incomplete with input as change([with_evidence("diff", evidence)])
	some reason in reasons
	reason.remedy == "turn it off and on"
}

test_every_kind_of_cause_has_a_remedy if {
	every kind in [
		"not_found", "upstream", "timeout", "host_not_allowed", "limit_exceeded",
		"malformed", "unsupported", "not_configured", "internal",
	] {
		data.lockgate.usual_remedies[kind]
	}
}

unreadable_by_itself(origin) := object.union(object.remove(with_origin(origin), ["evidence"]), {"evidence": {
	"checksum": unavailable("unsupported"),
	"license": unavailable("unsupported"),
	"advisory": known.advisory,
	"diff": unavailable("unsupported"),
	"pin": known.pin,
	"typosquat": known.typosquat,
}})

test_a_bundled_release_is_covered_by_its_bundler if passes(unreadable_by_itself({"type": "bundled", "by": null}))

test_a_bundled_release_whose_attempt_failed_otherwise_stays_open if {
	bundled := with_evidence("advisory", unavailable("not_configured"))
	release := object.union(object.remove(bundled, ["origin"]), {"origin": {"type": "bundled", "by": null}})
	left_open(release) == {"advisory-unavailable"}
}

test_a_git_commit_on_an_allowed_host_is_covered if {
	release := unreadable_by_itself({"type": "git", "url": "u", "host": "git.example.test", "commit": "0123"})
	hosts := object.union(data.hosts, {"git_allowed": ["git.example.test"]})
	count(data.lockgate.incomplete) == 0 with input as change([release]) with data.hosts as hosts
	count(data.lockgate.incomplete) == 3 with input as change([release])
}

test_a_registry_release_that_cannot_be_read_stays_open if {
	release := unreadable_by_itself({"type": "registry", "url": null, "host": null})
	left_open(release) == {"checksum-unavailable", "license-unavailable", "diff-unavailable"}
}

