package lockgate_test

scored(mode, score) := with_evidence("classifier", observed({
	"mode": mode,
	"model": "00",
	"provider": "CPU",
	"artifacts": [{
		"artifact": "a-1.1.0.tgz",
		"score": score,
		"probability": 0.97,
		"threshold": 2.5,
		"behaviours": [{"name": "exfiltration", "probability": 0.9}, {"name": "obfuscation", "probability": 0.6}],
		"hunks": [{"path": "package/index.js", "line": 3, "end_line": 9, "share": 0.823, "without": -4}],
	}],
}))

test_an_update_above_the_threshold_is_denied if denied(scored("update", 2.6)) == {"classifier-suspicious"}

test_an_update_at_the_threshold_passes if passes(scored("update", 2.5))

test_a_new_package_above_it_passes_unless_held if {
	passes(scored("new", 9))
	thresholds := object.union(data.thresholds, {"classifier": {"held": ["new"]}})
	found := data.lockgate.deny with input as change([scored("new", 9)]) with data.thresholds as thresholds
	count(found) == 1
}

test_what_has_no_score_passes if passes(scored("update", null))

test_the_classifier_says_what_and_where if {
	reasons := data.lockgate.deny with input as change([scored("update", 9)])
	some reason in reasons
	reason.message == "what it adds looks like what malicious releases add: exfiltration, obfuscation (97% sure)"
	reason.places == [{"path": "package/index.js", "line": 3, "note": "82% of the score; exfiltration, obfuscation"}]
}

test_facts_of_another_shape_leave_it_incomplete if {
	left_open(with_evidence("classifier", observed({"score": 9}))) == {"classifier-facts-unexpected"}
}

test_a_model_that_failed_leaves_it_incomplete if {
	left_open(with_evidence("classifier", unavailable("timeout"))) == {"classifier-unavailable"}
}
