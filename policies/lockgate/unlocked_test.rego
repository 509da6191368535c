package lockgate_test

commit(letter) := {"type": "commit", "commit": concat("", [letter | some _ in numbers.range(1, 40)])}

action_pin := {
	"path": ".github/workflows/ci.yml",
	"line": 9,
	"kind": "action",
	"name": "octo-org/setup",
	"reference": {"type": "movable", "name": "v4"},
	"label": null,
	"address": null,
	"old": null,
}

with_pin(changed) := object.union(change([]), {"pins": [object.union(
	object.remove(action_pin, object.keys(changed)),
	changed,
)]})

pin_codes(changed) := codes if {
	found := data.lockgate.incomplete with input as with_pin(changed)
	codes := {reason.code | some reason in found}
}

test_a_tag_leaves_the_change_open if {
	found := data.lockgate.incomplete with input as with_pin({})
	some reason in found
	reason.code == "pin-not-fixed"
	reason.lockfile == ".github/workflows/ci.yml"
	reason.line == 9
	reason.message == "the action octo-org/setup is named by v4, which its owner can move to other code"
}

test_a_commit_or_a_digest_passes if {
	count(pin_codes({"reference": commit("a")})) == 0
	count(pin_codes({"kind": "image", "reference": {"type": "digest", "digest": digest("a")}})) == 0
}

test_nothing_and_an_expression_leave_the_change_open if {
	pin_codes({"reference": {"type": "unstated"}}) == {"pin-not-fixed"}
	pin_codes({"reference": {"type": "computed", "text": "x"}}) == {"pin-not-fixed"}
	pin_codes({"reference": {"type": "something_new"}}) == {"pin-not-fixed"}
}

test_the_data_says_what_a_tag_does if {
	deny_actions := object.union(data.pins, {"unfixed": object.union(data.pins.unfixed, {"action": "deny"})})
	count(data.lockgate.deny) == 1 with input as with_pin({}) with data.pins as deny_actions
	note_actions := object.union(data.pins, {"unfixed": object.union(data.pins.unfixed, {"action": "note"})})
	count(data.lockgate.incomplete) == 0 with input as with_pin({}) with data.pins as note_actions
}

test_a_hook_by_tag_is_a_note if count(pin_codes({"kind": "hook"})) == 0

trusting(names) := object.union(data.pins, {"trusted": names})

test_a_trusted_name_may_be_a_tag if {
	count(data.lockgate.incomplete) == 0 with input as with_pin({}) with data.pins as trusting(["octo-org/*"])
	count(data.lockgate.incomplete) == 0 with input as with_pin({}) with data.pins as trusting(["octo-org/setup"])
	count(data.lockgate.incomplete) == 1 with input as with_pin({}) with data.pins as trusting(["octo/*", "octo-org/setu"])
}

old_pin(reference, label) := {"reference": reference, "label": label, "address": null}

test_a_commit_that_moves_under_its_comment_leaves_the_change_open if {
	moved := {"reference": commit("b"), "label": "v4.1.1", "old": old_pin(commit("a"), "v4.1.1")}
	pin_codes(moved) == {"pin-moved-under-label"}
	count(pin_codes(object.union(moved, {"label": "v4.1.2"}))) == 0
	count(pin_codes(object.union(moved, {"reference": commit("a")}))) == 0
}

submodule(address, old) := {
	"path": ".gitmodules",
	"kind": "submodule",
	"name": "lib/a",
	"reference": commit("b"),
	"address": address,
	"old": old,
}

test_a_submodule_that_moves_is_a_note if {
	count(pin_codes(submodule("https://git.example.test/a", null))) == 0
	strict := object.union(data.pins, {"submodule_moved": "deny"})
	count(data.lockgate.deny) == 1 with input as with_pin(submodule("a", null)) with data.pins as strict
}

test_a_submodule_from_elsewhere_leaves_the_change_open if {
	old := {"reference": commit("a"), "label": null, "address": "https://git.example.test/a"}
	pin_codes(submodule("https://evil.example.test/a", old)) == {"submodule-address-changed"}
}

test_a_file_that_cannot_be_read_leaves_the_change_open if {
	unread := {"unread": [{"path": "Dockerfile", "line": null, "column": null, "message": "it is not UTF-8 text"}]}
	found := data.lockgate.incomplete with input as object.union(change([]), unread)
	some reason in found
	reason.code == "pins-unreadable"
	reason.line == 0
}

test_a_kind_that_the_policy_does_not_know_is_left_open if pin_codes({"kind": "something_new"}) == {"pin-unknown-kind"}
