# Licences: at least one of the alternatives that a release offers must be accepted.
#
# `license_choices` is what the SPDX expression lets one choose: a list of lists of ids, any of which one may
# take, all of whose ids then apply.
package lockgate

deny contains reason(release, "license-denied", message, remedy) if {
	some release in incoming
	choices := license_choices(release)
	not acceptable(release, choices)
	every choice in choices {
		on_deny_list(release, choice)
	}
	message := sprintf("its licence %s is on the deny list%s", [license_text(release), scope_text(release)])
	remedy := "take a release under an accepted licence, or have the legal owner change data/licenses.json"
}

deny contains reason(release, "license-not-allowed", message, remedy) if {
	some release in incoming
	choices := license_choices(release)
	not acceptable(release, choices)
	some choice in choices
	not on_deny_list(release, choice)
	message := sprintf("its licence %s is not on the allow list%s", [license_text(release), scope_text(release)])
	remedy := "take a release under an accepted licence, or have the legal owner add it to data/licenses.json"
}

incomplete contains reason(release, "license-unknown", message, remedy) if {
	some release in incoming
	release.evidence.license.status == "absent"
	message := "it declares no licence and holds no licence text"
	remedy := "ask the publisher to state a licence; without one nobody may use the code"
}

incomplete contains reason(release, "license-unknown", message, remedy) if {
	some release in incoming
	release.evidence.license.status == "observed"
	count(license_choices(release)) == 0
	message := sprintf("its licence \"%s\" cannot be resolved as an SPDX expression", [declared(release)])
	remedy := "ask the publisher for an SPDX expression, or have the licence read and recorded"
}

# [["MIT"], ["Apache-2.0"]]; empty when the expression is not known or too tangled to be resolved.
license_choices(release) := choices if {
	release.evidence.license.status == "observed"
	choices := object.get(release, "license_choices", [])
	is_array(choices)
	every choice in choices {
		is_array(choice)
		count(choice) > 0
	}
} else := [] if {
	release.evidence.license.status == "observed"
}

acceptable(release, choices) if {
	some choice in choices
	not on_deny_list(release, choice)
	every id in choice {
		id in allowed_licenses(release)
	}
}

# An empty list of alternatives is unknown, not unacceptable.
acceptable(_, []) := true

on_deny_list(release, choice) if {
	some id in choice
	id in denied_licenses(release)
}

allowed_licenses(release) := data.licenses.allowed if {
	not development_only(release)
} else := array.concat(data.licenses.allowed, data.licenses.dev_allowed)

denied_licenses(release) := data.licenses.denied if {
	not development_only(release)
} else := [id | some id in data.licenses.denied; not id in data.licenses.dev_allowed]

# Only where the lockfile says so: what it cannot tell counts as shipped.
development_only(release) if release.dev == true

scope_text(release) := " for development" if {
	development_only(release)
} else := ""

license_text(release) := worded(
	object.get(facts(release, "license"), "expression", null),
	concat(" OR ", [concat(" AND ", choice) | some choice in license_choices(release)]),
)

declared(release) := worded(object.get(facts(release, "license"), "declared", null), license_text(release))
