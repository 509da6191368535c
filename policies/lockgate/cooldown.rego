# Cooldown: a release that was published lately waits, since most malicious ones are found within days. Each release of the
# lockfile is judged for itself, transitive ones too. The version that an advisory names as its fix does not wait; a later
# one does, for it may be an attacker's.
package lockgate

incomplete contains reason(release, "release-too-young", message, remedy) if {
	some release in incoming
	expected_shape("age", facts(release, "age"))
	published := time.parse_rfc3339_ns(facts(release, "age").published_at)
	asked := time.parse_rfc3339_ns(input.asked_at)
	asked < published + cooldown_ns
	not fixes_an_advisory(release)
	message := sprintf("it was published %s ago; a release younger than %d days is held, for most malicious ones are found by then", [
		age_text(asked - published),
		data.thresholds.cooldown.days,
	])
	remedy := sprintf("run the check again after %s, take an older version, or ask for a waiver", [
		substring(time.format(published + cooldown_ns), 0, 10),
	])
}

incomplete contains reason(release, "release-age-unknown", message, remedy) if {
	some release in incoming
	data.thresholds.cooldown.without_time == "hold"
	release.evidence.age.status == "absent"
	release.origin.type == "registry"
	message := "the registry does not say when it was published"
	remedy := "ask for a waiver, or let the operator set cooldown.without_time in data/thresholds.json"
}

cooldown_ns := data.thresholds.cooldown.days * 86400000000000

fixes_an_advisory(release) if {
	some advisory in listed(release, "advisory", "resolved")
	advisory.by_this_version == true
}

age_text(ns) := sprintf("%d hours", [max([0, floor(ns / 3600000000000)])]) if ns < 172800000000000

age_text(ns) := sprintf("%d days", [floor(ns / 86400000000000)]) if ns >= 172800000000000
