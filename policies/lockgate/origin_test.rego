package lockgate_test

from_registry(host) := with_origin({"type": "registry", "url": "https://somewhere.example.test/a", "host": host})

from_git(commit) := with_origin({
	"type": "git",
	"url": "https://git.example.test/a/b.git",
	"host": "git.example.test",
	"commit": commit,
})

from_url := with_origin({"type": "url", "url": "https://files.example.test/a.tgz", "host": "files.example.test"})

with_hosts(changed) := object.union(data.hosts, changed)

test_a_registry_of_the_operator_passes if passes(from_registry("registry.example.test"))

test_an_entry_without_address_passes if passes(with_origin({"type": "registry", "url": null, "host": null}))

test_another_host_is_denied if denied(from_registry("evil.example.test")) == {"origin-not-allowed"}

test_another_port_is_another_host if denied(from_registry("registry.example.test:8080")) == {"origin-not-allowed"}

test_an_address_without_host_is_denied if denied(from_registry(null)) == {"origin-not-allowed"}

test_a_host_that_the_data_allows_passes if {
	release := from_registry("mirror.example.test")
	hosts := with_hosts({"allowed": ["Mirror.example.test"]})
	count(data.lockgate.deny) == 0 with input as change([release]) with data.hosts as hosts
}

test_no_configured_registry_leaves_the_release_open if {
	nothing_known := object.union(change([good]), {"registry_hosts": []})
	found := data.lockgate.incomplete with input as nothing_known
	{reason.code | some reason in found} == {"registry-hosts-unknown"}
}

test_git_is_denied if denied(from_git("0123")) == {"origin-not-allowed"}

test_git_on_an_allowed_host_passes if {
	hosts := with_hosts({"git_allowed": ["git.example.test"]})
	count(data.lockgate.deny) == 0 with input as change([from_git("0123")]) with data.hosts as hosts
}

test_git_without_commit_is_denied_on_any_host if {
	hosts := with_hosts({"git_allowed": ["git.example.test"]})
	found := data.lockgate.deny with input as change([from_git(null)]) with data.hosts as hosts
	{reason.code | some reason in found} == {"git-without-commit"}
}

test_an_archive_at_an_address_is_denied if denied(from_url) == {"origin-not-allowed"}

test_an_archive_on_an_allowed_host_passes if {
	hosts := with_hosts({"url_allowed": ["files.example.test"]})
	count(data.lockgate.deny) == 0 with input as change([from_url]) with data.hosts as hosts
}

test_a_git_host_is_no_host_for_archives if {
	hosts := with_hosts({"git_allowed": ["files.example.test"]})
	count(data.lockgate.deny) == 1 with input as change([from_url]) with data.hosts as hosts
}

test_an_unknown_kind_of_origin_is_denied if denied(with_origin({"type": "ipfs"})) == {"origin-not-allowed"}
