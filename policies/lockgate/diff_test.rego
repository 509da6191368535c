package lockgate_test

diff_finding(type, fresh) := {
	"type": type,
	"new": fresh,
	"artifact": "a-1.1.0.tgz",
	"path": "package/package.json",
	"line": 14,
	"end_line": 14,
	"note": "preinstall: node setup.js",
}

with_findings(findings) := with_facts("diff", {"findings": findings})

hook(ecosystem, mode) := object.union(
	with_facts("diff", {"mode": mode, "findings": [diff_finding("install_hook", true)]}),
	{"ecosystem": ecosystem, "package": sprintf("pkg:%s/a", [ecosystem])},
)

irregular(irregularity) := with_facts("diff", {"irregularities": [object.union({"file": "a-1.1.0.tgz"}, irregularity)]})

test_a_hook_that_an_update_adds_is_denied if denied(hook("npm", "update")) == {"install-hook-added"}

test_a_hook_of_a_new_npm_package_is_denied if denied(hook("npm", "new")) == {"install-hook-added"}

test_a_hook_of_a_new_crate_passes if passes(hook("cargo", "new"))

test_a_hook_of_a_new_pypi_package_passes if passes(hook("pypi", "new"))

test_a_hook_that_a_pypi_update_adds_is_denied if denied(hook("pypi", "update")) == {"install-hook-added"}

test_a_build_script_that_a_crate_update_adds_is_denied if {
	release := object.union(with_findings([diff_finding("build_script", true)]), {"ecosystem": "cargo"})
	denied(release) == {"install-hook-added"}
}

test_a_hook_that_was_there_before_passes if passes(with_findings([diff_finding("install_hook", false)]))

test_a_wanted_hook_passes if {
	thresholds := object.union(data.thresholds, {"install_hooks_allowed": ["pkg:npm/a"]})
	found := data.lockgate.deny with input as change([hook("npm", "update")]) with data.thresholds as thresholds
	count(found) == 0
}

test_a_wanted_hook_of_another_package_does_not_help if {
	thresholds := object.union(data.thresholds, {"install_hooks_allowed": ["pkg:npm/ab", "pkg:pypi/a"]})
	found := data.lockgate.deny with input as change([hook("npm", "update")]) with data.thresholds as thresholds
	count(found) == 1
}

test_a_hook_is_shown_where_it_stands if {
	reasons := data.lockgate.deny with input as change([hook("npm", "update")])
	some reason in reasons
	reason.message == "this update adds a script that runs on installation (package/package.json:14)"
	reason.places == [{"path": "package/package.json", "line": 14, "note": "preinstall: node setup.js"}]
}

test_network_process_and_obfuscation_together_are_denied if {
	findings := [diff_finding(type, true) | some type in ["network", "process", "obfuscation"]]
	denied(with_findings(findings)) == {"suspicious-diff"}
}

test_two_of_the_three_pass if {
	passes(with_findings([diff_finding(type, true) | some type in ["network", "process"]]))
}

test_the_three_pass_when_one_was_there_before if {
	passes(with_findings([
		diff_finding("network", true),
		diff_finding("process", false),
		diff_finding("obfuscation", true),
	]))
}

test_the_three_pass_in_a_new_package if {
	findings := [diff_finding(type, true) | some type in ["network", "process", "obfuscation"]]
	passes(with_facts("diff", {"mode": "new", "findings": findings}))
}

test_a_path_out_of_the_folder_is_denied if {
	denied(irregular({"type": "parent_path", "path": "../../.bashrc"})) == {"archive-irregular"}
}

test_every_denied_irregularity_is_denied if {
	every type in data.thresholds.irregularities_denied {
		denied(irregular({"type": type, "path": "x"})) == {"archive-irregular"}
	}
}

test_a_link_out_of_its_folder_is_denied if {
	denied(irregular({"type": "symlink", "path": "a", "target": "/etc/passwd"})) == {"archive-irregular"}
	denied(irregular({"type": "hardlink", "path": "a", "target": "b/../../c"})) == {"archive-irregular"}
	denied(irregular({"type": "symlink", "path": "a", "target": "b\\..\\..\\c"})) == {"archive-irregular"}
}

test_a_link_within_its_folder_passes if passes(irregular({"type": "symlink", "path": "a", "target": "b/c..d"}))

test_an_archive_that_is_cut_off_leaves_the_release_open if {
	left_open(irregular({"type": "truncated", "at": 100})) == {"archive-unread"}
}

test_an_irregularity_on_no_list_leaves_the_release_open if {
	left_open(irregular({"type": "something_newer"})) == {"archive-unread"}
}

test_two_names_that_differ_in_case_pass if passes(irregular({"type": "case_collision", "path": "A", "other": "a"}))

test_a_cut_list_of_an_update_leaves_the_release_open if {
	left_open(with_facts("diff", {"truncated": true})) == {"diff-truncated"}
}

test_a_cut_list_that_shows_all_that_is_new_passes if {
	passes(with_facts("diff", {"truncated": true, "findings": [diff_finding("binary", false)]}))
}

test_no_archive_leaves_the_release_open if left_open(with_evidence("diff", absent)) == {"diff-absent"}
