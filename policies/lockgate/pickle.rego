# Serialised Python objects: a pickle is a program, and runs when it is loaded. Only those that the version before did not
# have are judged.
package lockgate

deny contains reason_at(release, "pickle-runs-code", message, remedy, [pickle_place(file)]) if {
	some release in incoming
	some file in new_pickles(release)
	named := [pickle_import(imported) | some imported in file.imports; imported.kind in {"runs_code", "hidden"}]
	count(named) > 0
	message := sprintf("the pickle %s would run %s when it is loaded", [file.path, concat(", ", array.slice(named, 0, 3))])
	remedy := "do not load it; take a release that ships its data in a format without code (safetensors, JSON, NumPy arrays)"
}

deny contains pickle_reason(found) if {
	some found in pickle_findings
	found.level == "deny"
}

incomplete contains pickle_reason(found) if {
	some found in pickle_findings
	found.level == "incomplete"
}

pickle_findings contains {
	"level": data.pins.pickle_elsewhere,
	"code": "pickle-imports",
	"release": release,
	"file": file,
	"message": sprintf("the pickle %s imports %s when it is loaded", [file.path, concat(", ", array.slice(named, 0, 3))]),
} if {
	some release in incoming
	some file in new_pickles(release)
	named := [pickle_import(imported) | some imported in file.imports; imported.kind == "elsewhere"]
	count(named) > 0
}

pickle_findings contains {
	"level": data.pins.pickle_broken,
	"code": "pickle-unreadable",
	"release": release,
	"file": file,
	"message": sprintf("the pickle %s could not be read to its end, so that it may do more than was seen", [file.path]),
} if {
	some release in incoming
	some file in new_pickles(release)
	file.reading != "whole"
}

new_pickles(release) := [file | some file in listed(release, "pickle", "files"); not file.new == false]

pickle_import(imported) := "a name that it puts together" if {
	imported.kind == "hidden"
} else := sprintf("%s.%s", [imported.module, imported.name])

pickle_place(file) := {"path": file.path, "line": 1, "note": "pickle"}

pickle_reason(found) := reason_at(
	found.release,
	found.code,
	found.message,
	"have the file inspected (python -m pickletools), or take a release that ships its data in a format without code",
	[pickle_place(found.file)],
)
