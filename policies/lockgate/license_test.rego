package lockgate_test

licensed(choices) := object.union(
	with_facts("license", {"expression": concat(" OR ", [concat(" AND ", choice) | some choice in choices])}),
	{"license_choices": choices},
)

unresolved := object.union(
	with_facts("license", {"declared": "free for all", "expression": "LicenseRef-declared"}),
	{"license_choices": null},
)

for_development(release) := object.union(release, {"dev": true})

test_one_accepted_alternative_is_enough if passes(licensed([["GPL-3.0-only"], ["MIT"]]))

test_all_ids_of_an_alternative_must_be_accepted if {
	denied(licensed([["MIT", "GPL-3.0-only"]])) == {"license-denied"}
}

test_a_licence_on_the_deny_list_is_denied if denied(licensed([["AGPL-3.0-only"]])) == {"license-denied"}

test_a_licence_on_no_list_is_not_allowed if denied(licensed([["LicenseRef-own"]])) == {"license-not-allowed"}

test_one_alternative_that_is_not_denied_says_not_allowed if {
	denied(licensed([["AGPL-3.0-only"], ["LGPL-3.0-only"]])) == {"license-not-allowed"}
}

test_an_exception_is_a_licence_of_its_own if {
	passes(licensed([["Apache-2.0 WITH LLVM-exception"]]))
	denied(licensed([["MIT WITH LLVM-exception"]])) == {"license-not-allowed"}
}

test_development_tools_may_be_copyleft if passes(for_development(licensed([["GPL-3.0-only"]])))

test_what_is_shipped_may_not_be_copyleft if denied(licensed([["GPL-3.0-only"]])) == {"license-denied"}

test_an_unknown_scope_counts_as_shipped if {
	denied(object.union(licensed([["LGPL-3.0-only"]]), {"dev": null})) == {"license-not-allowed"}
}

test_network_copyleft_is_denied_in_development_too if {
	denied(for_development(licensed([["AGPL-3.0-only"]]))) == {"license-denied"}
}

test_no_licence_leaves_the_release_open if left_open(with_evidence("license", absent)) == {"license-unknown"}

test_an_unresolved_licence_leaves_the_release_open if {
	left_open(unresolved) == {"license-unknown"}
	count(denied(unresolved)) == 0
}

test_an_unresolved_licence_is_quoted if {
	reasons := data.lockgate.incomplete with input as change([unresolved])
	some reason in reasons
	contains(reason.message, "\"free for all\"")
}

test_no_alternative_at_all_leaves_the_release_open if left_open(licensed([])) == {"license-unknown"}

test_choices_that_are_no_lists_leave_the_release_open if {
	left_open(object.union(good, {"license_choices": ["MIT"]})) == {"license-unknown"}
}
