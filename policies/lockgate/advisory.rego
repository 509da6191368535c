# Known vulnerabilities and known malware.
package lockgate

deny contains reason(release, "advisory-malicious", message, remedy) if {
	some release in incoming
	some match in live_matches(release)
	match.malicious == true
	message := sprintf("%s reports it as malicious%s", [match.id, summary(match)])
	remedy := "do not install it; if it was installed anywhere, rotate the credentials of that machine"
}

deny contains reason(release, sprintf("advisory-%s", [match.severity]), message, remedy) if {
	some release in incoming
	some match in live_matches(release)
	not match.malicious == true
	match.severity in data.thresholds.advisory_severities
	brought_in(match)
	message := sprintf("%s (%s%s) affects this version%s", [match.id, match.severity, score(match), summary(match)])
	remedy := mend(match)
}

incomplete contains reason(release, "advisory-severity-unknown", message, remedy) if {
	some release in incoming
	some match in live_matches(release)
	not match.malicious == true
	not object.get(match, "severity", null) in {"low", "medium", "high", "critical"}
	brought_in(match)
	message := sprintf("%s affects this version and states no severity%s", [match.id, summary(match)])
	remedy := sprintf("read the advisory and judge it; otherwise: %s", [mend(match)])
}

incomplete contains reason(release, "advisory-unreadable", message, remedy) if {
	some release in incoming
	unread := count(object.get(facts(release, "advisory"), "unreadable", []))
	unread > 0
	message := sprintf("%d of the advisories about this package cannot be read", [unread])
	remedy := "import the advisory feed again; if it stays, report the records to their publisher"
}

incomplete contains reason(release, "advisory-absent", message, remedy) if {
	some release in incoming
	release.evidence.advisory.status == "absent"
	message := "no advisory feed says anything about its ecosystem"
	remedy := "import a feed that covers it: lockgate advisories import"
}

# A withdrawn advisory was a mistake of its publisher.
live_matches(release) := [match | some match in listed(release, "advisory", "matches"); not match.withdrawn == true]

# Unless the check says that the version before was affected too, the change brings it in.
brought_in(match) if not match.introduced_by_change == false

mend(match) := sprintf("move to %s or a later release", [concat(" or ", match.fixed)]) if {
	count(match.fixed) > 0
} else := "no release mends it yet: take another package, or have the risk accepted in writing"

score(match) := sprintf(", CVSS %v", [match.cvss]) if {
	is_number(match.cvss)
} else := ""

summary(match) := sprintf(": %s", [match.summary]) if {
	is_string(match.summary)
	match.summary != ""
} else := ""
