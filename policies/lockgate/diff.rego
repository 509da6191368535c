# Content: what the archive holds, and what it holds that the version before did not.
package lockgate

# Something that runs by itself on installation appears. Known and wanted hooks are listed by package.
deny contains reason_at(release, "install-hook-added", message, remedy, places) if {
	some release in incoming
	places := held_places(release)
	count(places) > 0
	not release.package in data.thresholds.install_hooks_allowed
	message := sprintf("%s a script that runs on installation (%s)", [appears(release), where(places)])
	remedy := "read the script; if it is wanted, have the package added to install_hooks_allowed in data/thresholds.json"
}

deny contains reason_at(release, "suspicious-diff", message, remedy, places) if {
	some release in incoming
	facts(release, "diff").mode == "update"
	fresh := new_findings(release)
	types := {finding.type | some finding in fresh}
	some combination in data.thresholds.suspicious
	every type in combination {
		type in types
	}
	places := [place(finding) | some finding in fresh; finding.type in combination]
	message := sprintf("this update brings in %s together (%s)", [concat(", ", combination), where(places)])
	remedy := "compare the two versions by hand before you take the update; stay on the old one until then"
}

deny contains reason_at(release, "archive-irregular", message, remedy, []) if {
	some release in incoming
	some irregularity in listed(release, "diff", "irregularities")
	dangerous(irregularity)
	message := sprintf("its archive is built to mislead: %s", [irregularity_text(irregularity)])
	remedy := "do not unpack it; take another version and report the archive to the registry"
}

incomplete contains reason_at(release, "archive-unread", message, remedy, []) if {
	some release in incoming
	some irregularity in listed(release, "diff", "irregularities")
	not dangerous(irregularity)
	not harmless(irregularity)
	message := sprintf("its archive could not be read in full: %s", [irregularity_text(irregularity)])
	remedy := "have the archive inspected by hand, or take a version whose archive is sound"
}

# New findings are listed first: where one that is not new is listed too, every new one is.
incomplete contains reason(release, "diff-truncated", message, remedy) if {
	some release in incoming
	facts(release, "diff").truncated == true
	facts(release, "diff").mode == "update"
	count(new_findings(release)) == count(listed(release, "diff", "findings"))
	message := "the update differs in more places than are listed, so not all of it was judged"
	remedy := "compare the two versions by hand, or update in smaller steps"
}

incomplete contains reason(release, "diff-absent", message, remedy) if {
	some release in incoming
	release.origin.type == "registry"
	release.evidence.diff.status == "absent"
	message := "there is no archive to look into"
	remedy := "take a version that the registry serves as an archive"
}

new_findings(release) := [finding |
	some finding in listed(release, "diff", "findings")
	not finding.new == false
]

# Which kinds of hook hold a release depends on its ecosystem and on whether the package was there before:
# a build script is ordinary in a new crate, and news in an update.
held_places(release) := [place(finding) |
	mode := facts(release, "diff").mode
	some finding in new_findings(release)
	finding.type in data.thresholds.held[mode][release.ecosystem]
]

appears(release) := "this update adds" if {
	facts(release, "diff").mode == "update"
} else := "it has"

place(finding) := {
	"path": worded(object.get(finding, "path", null), "unknown"),
	"line": line_of(finding),
	"note": worded(object.get(finding, "note", null), finding.type),
}

line_of(finding) := finding.line if {
	is_number(finding.line)
} else := 0

where(places) := sprintf("%s:%d", [places[0].path, places[0].line]) if {
	count(places) == 1
} else := sprintf("%s:%d and %d more", [places[0].path, places[0].line, count(places) - 1])

dangerous(irregularity) if irregularity.type in data.thresholds.irregularities_denied

# A link that leaves its folder is a way out for an unpacker.
dangerous(irregularity) if {
	irregularity.type in {"symlink", "hardlink"}
	startswith(irregularity.target, "/")
}

dangerous(irregularity) if {
	irregularity.type in {"symlink", "hardlink"}
	some part in split(replace(irregularity.target, "\\", "/"), "/")
	part == ".."
}

harmless(irregularity) if irregularity.type in data.thresholds.irregularities_ignored

irregularity_text(irregularity) := sprintf("%s (%s)", [replace(irregularity.type, "_", " "), irregularity.path]) if {
	is_string(irregularity.path)
} else := replace(irregularity.type, "_", " ")
