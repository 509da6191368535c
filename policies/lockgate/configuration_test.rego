package lockgate_test

invalid_with_thresholds(changed) := found if {
	found := data.lockgate.invalid_data with data.thresholds as object.union(data.thresholds, changed)
}

test_the_shipped_data_is_sound if count(data.lockgate.invalid_data) == 0

test_a_severity_that_is_no_list_is_found if {
	"thresholds.advisory_severities" in invalid_with_thresholds({"advisory_severities": "high"})
}

test_a_misspelt_severity_is_found if {
	"thresholds.advisory_severities" in invalid_with_thresholds({"advisory_severities": ["hihg"]})
}

test_an_empty_combination_is_found if "thresholds.suspicious" in invalid_with_thresholds({"suspicious": [[]]})

test_an_ecosystem_without_held_types_is_found if {
	held := object.remove(data.thresholds.held, ["new"])
	thresholds := object.union(object.remove(data.thresholds, ["held"]), {"held": held})
	"thresholds.held" in data.lockgate.invalid_data with data.thresholds as thresholds
}

test_a_misspelt_finding_is_found if {
	"thresholds.signature.denied" in invalid_with_thresholds({"signature": {"denied": ["other_sauce"]}})
	"thresholds.signature.denied" in invalid_with_thresholds({"signature": null})
	"thresholds.classifier.held" in invalid_with_thresholds({"classifier": []})
}

test_a_cooldown_that_is_no_number_of_days_is_found if {
	every cooldown in [{"days": "3", "without_time": "pass"}, {"days": -1, "without_time": "pass"}, {"days": 3}] {
		thresholds := object.union(object.remove(data.thresholds, ["cooldown"]), {"cooldown": cooldown})
		"thresholds.cooldown" in data.lockgate.invalid_data with data.thresholds as thresholds
	}
}

test_a_missing_list_is_found if {
	"licenses.denied" in data.lockgate.invalid_data with data.licenses as object.remove(data.licenses, ["denied"])
}

test_a_missing_file_is_found if "hosts" in data.lockgate.invalid_data with data.hosts as null

test_invalid_data_leaves_every_change_incomplete if {
	found := data.lockgate.incomplete with input as change([]) with data.hosts as {}
	some reason in found
	reason.code == "policy-data-invalid"
	reason.purl == ""
}

test_a_level_that_is_none_is_found if {
	"pins.moved_under_label" in data.lockgate.invalid_data with data.pins as object.union(data.pins, {"moved_under_label": "warn"})
	"pins.unfixed" in data.lockgate.invalid_data with data.pins as object.union(
		object.remove(data.pins, ["unfixed"]),
		{"unfixed": {"action": "deny"}},
	)
}
