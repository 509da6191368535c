# Shared words of the policy: which releases are judged, and how a reason is written.
#
# Every other file adds to `deny` or `incomplete`, each for one concern. Both are sets of
# {code, purl, lockfile, line, message, remedy, places}. A rule that says nothing allows; what no rule may
# leave unsaid (evidence that is missing, a lockfile that cannot be read) is held by the engine as well.
package lockgate

# The releases that come in. What is removed needs no evidence.
incoming := [release | some release in input.releases; release.kind != "removed"]

# What a collector observed of a release; undefined when it observed nothing.
facts(release, collector) := found.facts if {
	found := release.evidence[collector]
	found.status == "observed"
}

# The facts' list under `field`; empty when it is not there.
listed(release, collector, field) := list if {
	list := object.get(facts(release, collector), field, [])
	is_array(list)
}

reason(release, code, message, remedy) := reason_at(release, code, message, remedy, [])

reason_at(release, code, message, remedy, places) := {
	"code": code,
	"purl": release.purl,
	"lockfile": release.lockfile,
	"line": release.line,
	"message": message,
	"remedy": remedy,
	"places": places,
}

# The first 12 digits of a digest, with its algorithm: enough to tell two apart.
brief(digest) := sprintf("%s:%s…", [parts[0], substring(parts[1], 0, 12)]) if {
	parts := split(digest, ":")
	count(parts) == 2
} else := "an unknown digest"

# `text` itself, or `fallback` where there is none.
worded(text, _) := text if {
	is_string(text)
	text != ""
}

worded(text, fallback) := fallback if not is_string(text)

worded("", fallback) := fallback
