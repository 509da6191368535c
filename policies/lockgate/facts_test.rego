package lockgate_test

without_field(collector, field) := with_evidence(collector, observed(object.remove(known[collector].facts, [field])))

test_facts_without_what_the_rules_read_leave_the_release_open if {
	every pair in [
		["checksum", "findings"], ["checksum", "artifacts"], ["checksum", "verified"],
		["advisory", "matches"],
		["diff", "mode"], ["diff", "findings"], ["diff", "irregularities"],
	] {
		code := sprintf("%s-facts-unexpected", [pair[0]])
		code in left_open(without_field(pair[0], pair[1]))
	}
}

test_licence_facts_without_expression_leave_the_release_open if {
	"license-facts-unexpected" in left_open(without_field("license", "expression"))
}

test_an_advisory_without_id_leaves_the_release_open if {
	left_open(with_facts("advisory", {"matches": [object.remove(advisory({}), ["id"])]})) == {"advisory-facts-unexpected"}
}

test_a_finding_without_type_leaves_the_release_open if {
	"diff-facts-unexpected" in left_open(with_facts("diff", {"findings": [{"new": true}]}))
}
