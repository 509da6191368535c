# Attempts that failed: evidence that could not be gathered never passes.
package lockgate

incomplete contains reason(release, sprintf("%s-unavailable", [collector]), message, remedy) if {
	some release in incoming
	some collector, found in release.evidence
	found.status == "unavailable"
	not covered(release, found)
	message := worded(object.get(found.cause, "message", null), sprintf("the %s check failed", [collector]))
	remedy := worded(object.get(found.cause, "remedy", null), usual_remedy(found.cause))
}

# Nothing can be read for such a release by itself: the bundling release's archive holds its bytes and is
# checked, and the operator answers for the hosts that the data allows.
covered(release, found) if {
	found.cause.kind == "unsupported"
	release.origin.type == "bundled"
}

covered(release, found) if {
	found.cause.kind == "unsupported"
	release.origin.type == "git"
	is_string(release.origin.commit)
	allowed_git_host(release)
}

covered(release, found) if {
	found.cause.kind == "unsupported"
	release.origin.type == "url"
	allowed_url_host(release)
}

usual_remedies := {
	"not_found": "check that the configured registry serves this release, or take one that it serves",
	"upstream": "wait: it is tried again by itself; lockgate doctor says whether the registry answers",
	"timeout": "wait: it is tried again by itself; lockgate doctor says whether the registry answers",
	"host_not_allowed": "let the operator allow the host in the configuration, or lock against an allowed registry",
	"limit_exceeded": "have the artifact inspected by hand; the operator can raise the limit",
	"malformed": "ask the registry's operator; the answer makes no sense",
	"unsupported": "use a released version from a registry",
	"not_configured": "let the operator set the check up; lockgate doctor says what is missing",
	"internal": "run the check again; if it stays, report the fault with the server's log",
}

usual_remedy(cause) := object.get(usual_remedies, object.get(cause, "kind", ""), "run the check again")
