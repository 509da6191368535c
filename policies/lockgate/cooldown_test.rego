package lockgate_test

# Asked at 2026-01-02T00:00:00Z.
published(time) := with_evidence("age", observed({"published_at": time}))

fixing(by_this_version) := with_all_evidence(object.union(known, {
	"age": observed({"published_at": "2026-01-01T00:00:00Z"}),
	"advisory": observed(object.union(known.advisory.facts, {"resolved": [{"id": "T-1", "by_this_version": by_this_version}]})),
}))

test_a_young_release_waits if {
	left_open(published("2026-01-01T00:00:00Z")) == {"release-too-young"}
	left_open(published("2025-12-30T00:00:01Z")) == {"release-too-young"}
	left_open(published("2027-01-01T00:00:00Z")) == {"release-too-young"}
}

test_an_older_one_does_not if passes(published("2025-12-30T00:00:00Z"))

test_the_reason_says_how_old_it_is_and_when_to_come_back if {
	reasons := data.lockgate.incomplete with input as change([published("2026-01-01T20:30:00Z")])
	some reason in reasons
	startswith(reason.message, "it was published 3 hours ago; a release younger than 3 days is held")
	startswith(reason.remedy, "run the check again after 2026-01-04, ")
}

test_days_are_told_as_days if {
	reasons := data.lockgate.incomplete with input as change([published("2025-12-30T12:00:00Z")])
	some reason in reasons
	startswith(reason.message, "it was published 2 days ago")
}

test_the_named_fix_does_not_wait if passes(fixing(true))

test_what_comes_after_the_fix_waits if left_open(fixing(false)) == {"release-too-young"}

test_no_cooldown_holds_nothing if {
	count(data.lockgate.incomplete) == 0 with input as change([published("2026-01-01T00:00:00Z")])
		with data.thresholds.cooldown as {"days": 0, "without_time": "pass"}
}

test_an_unreadable_time_is_not_long_ago if left_open(published("yesterday")) == {"age-facts-unexpected"}

test_no_time_passes_unless_the_operator_says_otherwise if {
	passes(with_evidence("age", absent))
	held := data.lockgate.incomplete with input as change([with_evidence("age", absent)])
		with data.thresholds.cooldown as {"days": 3, "without_time": "hold"}
	{reason.code | some reason in held} == {"release-age-unknown"}
}
