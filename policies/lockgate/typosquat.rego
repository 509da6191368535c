# Names that are new and look like those of much more popular packages.
#
# `data.pins.lookalike` says for each likeness what it does: `deny`, `incomplete`, or `note` (nothing). A reviewer can waive
# what is denied; the operator lists packages for good in `data.pins.lookalikes_allowed` (`pkg:npm/name`).
package lockgate

deny contains reason(found.release, "typosquat", lookalike_message(found.popular), lookalike_remedy(found.popular)) if {
	some found in lookalikes
	found.level == "deny"
}

incomplete contains reason(found.release, "typosquat", lookalike_message(found.popular), lookalike_remedy(found.popular)) if {
	some found in lookalikes
	found.level == "incomplete"
}

# A likeness that this policy does not know is judged by the strictest level that it has.
lookalikes contains {"release": release, "popular": popular, "level": level_of} if {
	some release in incoming
	not release.package in data.pins.lookalikes_allowed
	alike := listed(release, "typosquat", "alike")
	popular := alike[0]
	level_of := object.get(data.pins.lookalike, popular.how.type, "deny")
}

lookalike_message(popular) := sprintf("%s %s, which is far more popular (number %v of its registry), and was not in this lockfile before", [
	lookalike_how(popular.how),
	popular.name,
	object.get(popular, "rank", "?"),
])

lookalike_remedy(popular) := sprintf("did you mean %s? Otherwise ask for a waiver", [popular.name])

lookalike_how(how) := "it can hardly be told by eye from" if {
	how.type == "homoglyph"
} else := "it differs in its separators alone from" if {
	how.type == "separators"
} else := "it differs in its scope alone from" if {
	how.type == "scope"
} else := "it has the words, in another order, of" if {
	how.type == "word_order"
} else := sprintf("it differs by one letter (%s) from", [replace(how.edit, "_", " ")]) if {
	how.type == "one_edit"
} else := sprintf("it is, but for \"%s\", the name of", [how.affix]) if {
	how.type == "affix"
} else := "it looks like"
