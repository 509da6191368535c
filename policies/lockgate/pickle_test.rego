package lockgate_test

pickled(file) := with_evidence("pickle", observed({"pickles": 1, "files": [file]}))

pickle(kind) := {
	"path": "a/model.pkl",
	"new": true,
	"imports": [{"kind": kind, "module": "posix", "name": "system"}],
	"reading": "whole",
}

test_a_pickle_that_runs_code_is_denied if {
	reasons := data.lockgate.deny with input as change([pickled(pickle("runs_code"))])
	some reason in reasons
	reason.code == "pickle-runs-code"
	reason.message == "the pickle a/model.pkl would run posix.system when it is loaded"
	reason.places[0].path == "a/model.pkl"
	denied(pickled(pickle("hidden"))) == {"pickle-runs-code"}
}

test_a_pickle_of_the_version_before_passes if passes(pickled(object.union(pickle("runs_code"), {"new": false})))

test_a_pickle_that_imports_from_elsewhere_is_a_note if {
	passes(pickled(pickle("elsewhere")))
	strict := object.union(data.pins, {"pickle_elsewhere": "deny"})
	count(data.lockgate.deny) == 1 with input as change([pickled(pickle("elsewhere"))]) with data.pins as strict
}

test_a_pickle_that_breaks_off_is_left_open if {
	file := object.union(object.remove(pickle("x"), ["imports"]), {"imports": [], "reading": "broken"})
	left_open(pickled(file)) == {"pickle-unreadable"}
}

test_a_release_without_pickles_passes if passes(with_evidence("pickle", observed({"pickles": 0, "files": []})))
