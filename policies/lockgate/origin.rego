# Where a release comes from. Who can edit a lockfile can point an entry at any address: only hosts that the
# operator configured (`registry_hosts`) or that this policy's data names are accepted.
package lockgate

known_hosts := {lower(host) | some host in input.registry_hosts} | {lower(host) | some host in data.hosts.allowed}

deny contains reason(release, "origin-not-allowed", message, remedy) if {
	some release in incoming
	release.origin.type == "registry"
	is_string(release.origin.url)
	count(known_hosts) > 0
	not release.origin.host in known_hosts
	message := sprintf("the lockfile takes it from %s, which is not a configured registry", [origin_host(release)])
	remedy := "lock again against the configured registry; the operator can add a host to data/hosts.json"
}

incomplete contains reason(release, "registry-hosts-unknown", message, remedy) if {
	some release in incoming
	release.origin.type == "registry"
	is_string(release.origin.url)
	count(known_hosts) == 0
	message := sprintf("no registry is configured, so nothing says whether %s may be trusted", [origin_host(release)])
	remedy := "let the operator run lockgate init, which writes the registries down"
}

deny contains reason(release, "origin-not-allowed", message, remedy) if {
	some release in incoming
	release.origin.type == "git"
	not allowed_git_host(release)
	message := sprintf("it comes from a git repository on %s, not from a registry", [origin_host(release)])
	remedy := "use a released version, or let the operator add the host to git_allowed in data/hosts.json"
}

deny contains reason(release, "git-without-commit", message, remedy) if {
	some release in incoming
	release.origin.type == "git"
	not is_string(release.origin.commit)
	message := "the lockfile names a git repository without a commit, so it may bring other code tomorrow"
	remedy := "pin a full commit id"
}

deny contains reason(release, "origin-not-allowed", message, remedy) if {
	some release in incoming
	release.origin.type == "url"
	not allowed_url_host(release)
	message := sprintf("it is an archive at an address on %s, not from a registry", [origin_host(release)])
	remedy := "use a released version, or let the operator add the host to url_allowed in data/hosts.json"
}

# An origin that this policy does not know must not pass.
deny contains reason(release, "origin-not-allowed", message, remedy) if {
	some release in incoming
	not release.origin.type in {"registry", "git", "url", "path", "bundled"}
	message := "its origin is of a kind that this policy does not know"
	remedy := "update the policy to the version of the server"
}

allowed_git_host(release) if release.origin.host in {lower(host) | some host in data.hosts.git_allowed}

allowed_url_host(release) if release.origin.host in {lower(host) | some host in data.hosts.url_allowed}

origin_host(release) := worded(object.get(release.origin, "host", null), "an address that cannot be read")
