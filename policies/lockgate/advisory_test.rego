package lockgate_test

advisory(changed) := object.union(
	{
		"id": "GHSA-aaaa-bbbb-cccc",
		"aliases": ["CVE-2026-0001"],
		"summary": "prototype pollution",
		"severity": "critical",
		"cvss": 9.8,
		"fixed": ["1.1.1"],
		"introduced_by_change": true,
		"withdrawn": false,
		"malicious": false,
		"url": null,
	},
	changed,
)

advised(changed) := with_facts("advisory", {"matches": [advisory(changed)]})

test_a_critical_advisory_is_denied if denied(advised({})) == {"advisory-critical"}

test_a_high_advisory_is_denied if denied(advised({"severity": "high"})) == {"advisory-high"}

test_a_medium_advisory_passes if passes(advised({"severity": "medium"}))

test_a_low_advisory_passes if passes(advised({"severity": "low"}))

test_the_threshold_is_data if {
	thresholds := object.union(data.thresholds, {"advisory_severities": ["critical", "high", "medium"]})
	found := data.lockgate.deny with input as change([advised({"severity": "medium"})]) with data.thresholds as thresholds
	{reason.code | some reason in found} == {"advisory-medium"}
}

test_the_mending_release_is_named if {
	reasons := data.lockgate.deny with input as change([advised({})])
	some reason in reasons
	reason.remedy == "move to 1.1.1 or a later release"
	reason.message == "GHSA-aaaa-bbbb-cccc (critical, CVSS 9.8) affects this version: prototype pollution"
}

test_no_mending_release_is_said if {
	reasons := data.lockgate.deny with input as change([advised({"fixed": []})])
	some reason in reasons
	startswith(reason.remedy, "no release mends it yet")
}

test_what_was_there_before_is_not_held_against_the_change if passes(advised({"introduced_by_change": false}))

test_a_withdrawn_advisory_passes if passes(advised({"withdrawn": true}))

test_malware_is_denied_whatever_its_severity if {
	denied(advised({"malicious": true, "severity": "unknown"})) == {"advisory-malicious"}
}

test_malware_that_was_there_before_is_denied if {
	denied(advised({"malicious": true, "introduced_by_change": false})) == {"advisory-malicious"}
}

test_a_withdrawn_malware_report_passes if passes(advised({"malicious": true, "withdrawn": true}))

test_an_unknown_severity_leaves_the_release_open if {
	left_open(advised({"severity": "unknown", "cvss": null})) == {"advisory-severity-unknown"}
	count(denied(advised({"severity": "unknown", "cvss": null}))) == 0
}

test_an_unreadable_advisory_leaves_the_release_open if {
	left_open(with_facts("advisory", {"unreadable": [{"id": "X-1", "why": "no ranges"}]})) == {"advisory-unreadable"}
}

test_no_feed_leaves_the_release_open if left_open(with_evidence("advisory", absent)) == {"advisory-absent"}
