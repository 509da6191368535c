package lockgate_test

alike(how) := with_facts("typosquat", {"alike": [
	{"name": "left-pad", "rank": 12, "how": how},
	{"name": "left-pod", "rank": 900, "how": how},
]})

test_a_name_that_is_one_letter_off_is_denied if {
	reasons := data.lockgate.deny with input as change([alike({"type": "one_edit", "edit": "replaced"})])
	count(reasons) == 1
	some reason in reasons
	reason.code == "typosquat"
	startswith(reason.message, "it differs by one letter (replaced) from left-pad, which is far more popular (number 12")
	reason.remedy == "did you mean left-pad? Otherwise ask for a waiver"
}

test_each_likeness_is_denied_by_name if {
	every how in ["homoglyph", "separators", "scope", "word_order"] {
		denied(alike({"type": how})) == {"typosquat"}
	}
}

test_an_affix_is_a_note if passes(alike({"type": "affix", "affix": "-js"}))

test_the_data_says_what_a_likeness_does if {
	strict := object.union(data.pins, {"lookalike": object.union(data.pins.lookalike, {"affix": "incomplete"})})
	found := data.lockgate.incomplete with input as change([alike({"type": "affix", "affix": "-js"})]) with data.pins as strict
	{reason.code | some reason in found} == {"typosquat"}
}

test_a_likeness_that_the_policy_does_not_know_is_denied if denied(alike({"type": "something_new"})) == {"typosquat"}

test_a_package_that_the_operator_knows_passes if {
	knowing := object.union(data.pins, {"lookalikes_allowed": ["pkg:npm/a"]})
	count(data.lockgate.deny) == 0 with input as change([alike({"type": "homoglyph"})]) with data.pins as knowing
}

test_a_name_that_nobody_compared_is_left_open if {
	left_open(with_all_evidence(object.remove(known, ["typosquat"]))) == {"typosquat-missing"}
}
