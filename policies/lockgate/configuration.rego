# The policy's own data. A list that is missing or misspelt would make rules undefined, and an undefined rule
# does not object; therefore data that does not have the expected shape leaves every change incomplete.
package lockgate

incomplete contains {
	"code": "policy-data-invalid",
	"purl": "",
	"lockfile": "",
	"line": 0,
	"message": sprintf("the policy's data %s is missing or has the wrong type", [name]),
	"remedy": "mend the file in the policy's data folder, run lockgate policy test, and reload",
	"places": [],
} if {
	some name in invalid_data
}

invalid_data contains name if {
	some name, sound in {
		"licenses.allowed": strings(setting(data.licenses, "allowed")),
		"licenses.denied": strings(setting(data.licenses, "denied")),
		"licenses.dev_allowed": strings(setting(data.licenses, "dev_allowed")),
	}
	not sound
}

invalid_data contains name if {
	some name, sound in {
		"hosts.allowed": strings(setting(data.hosts, "allowed")),
		"hosts.git_allowed": strings(setting(data.hosts, "git_allowed")),
		"hosts.url_allowed": strings(setting(data.hosts, "url_allowed")),
	}
	not sound
}

invalid_data contains name if {
	some name, sound in {
		"thresholds.advisory_severities": severities(setting(data.thresholds, "advisory_severities")),
		"thresholds.install_hooks_allowed": strings(setting(data.thresholds, "install_hooks_allowed")),
		"thresholds.irregularities_denied": strings(setting(data.thresholds, "irregularities_denied")),
		"thresholds.irregularities_ignored": strings(setting(data.thresholds, "irregularities_ignored")),
		"thresholds.suspicious": combinations(setting(data.thresholds, "suspicious")),
		"thresholds.held": held_types(setting(data.thresholds, "held")),
		"thresholds.classifier.held": strings(object.get(data.thresholds, ["classifier", "held"], null)),
		"thresholds.signature.denied": known_findings(object.get(data.thresholds, ["signature", "denied"], null)),
		"thresholds.cooldown": sound_cooldown(setting(data.thresholds, "cooldown")),
	}
	not sound
}

invalid_data contains name if {
	some name, sound in {
		"pins.registries": strings(setting(data.pins, "registries")),
		"pins.trusted": strings(setting(data.pins, "trusted")),
		"pins.pickle_elsewhere": level(setting(data.pins, "pickle_elsewhere")),
		"pins.pickle_broken": level(setting(data.pins, "pickle_broken")),
		"pins.lookalike": lookalike_levels(setting(data.pins, "lookalike")),
		"pins.lookalikes_allowed": strings(setting(data.pins, "lookalikes_allowed")),
		"pins.unfixed": unfixed_levels(setting(data.pins, "unfixed")),
		"pins.moved_under_label": level(setting(data.pins, "moved_under_label")),
		"pins.submodule_moved": level(setting(data.pins, "submodule_moved")),
		"pins.submodule_address_changed": level(setting(data.pins, "submodule_address_changed")),
	}
	not sound
}

# A file that is not there makes the objects above undefined.
invalid_data contains "licenses" if not is_object(data.licenses)

invalid_data contains "hosts" if not is_object(data.hosts)

invalid_data contains "thresholds" if not is_object(data.thresholds)

invalid_data contains "pins" if not is_object(data.pins)

setting(file, name) := object.get(file, name, null) if is_object(file)

default strings(_) := false

strings(list) if {
	is_array(list)
	every item in list {
		is_string(item)
	}
}

default severities(_) := false

severities(list) if {
	strings(list)
	every item in list {
		item in {"low", "medium", "high", "critical"}
	}
}

default combinations(_) := false

combinations(list) if {
	is_array(list)
	every item in list {
		strings(item)
		count(item) > 0
	}
}

default known_findings(_) := false

known_findings(list) if {
	strings(list)
	every item in list {
		item in signature_findings
	}
}

default sound_cooldown(_) := false

sound_cooldown(cooldown) if {
	is_number(cooldown.days)
	cooldown.days >= 0
	cooldown.without_time in {"pass", "hold"}
}

default level(_) := false

level(word) if word in {"deny", "incomplete", "note"}

default lookalike_levels(_) := false

lookalike_levels(levels) if {
	every how in ["homoglyph", "separators", "scope", "word_order", "one_edit", "affix"] {
		level(levels[how])
	}
}

default unfixed_levels(_) := false

unfixed_levels(levels) if {
	every kind in ["action", "image", "submodule", "hook"] {
		level(levels[kind])
	}
}

default held_types(_) := false

held_types(held) if {
	every pair in [[mode, ecosystem] | some mode in ["new", "update"]; some ecosystem in ["npm", "pypi", "cargo"]] {
		strings(held[pair[0]][pair[1]])
	}
}
