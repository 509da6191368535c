# Lockfiles as a whole: what cannot be read, what comes from somewhere new, what the manifest asks for in vain.
package lockgate

incomplete contains {
	"code": "lockfile-malformed",
	"purl": "",
	"lockfile": lockfile.path,
	"line": error_line(lockfile),
	"message": sprintf("the lockfile cannot be read: %s", [error_message(lockfile)]),
	"remedy": "write the lockfile anew with its own client and commit the result unedited",
	"places": [],
} if {
	some lockfile in input.lockfiles
	lockfile.status == "malformed"
}

# Who can name another registry in a lockfile can serve every release from there, on a known host too.
incomplete contains whole_file(lockfile, finding.line, "registry-new", message, remedy) if {
	some lockfile in input.lockfiles
	some finding in object.get(lockfile, "findings", [])
	finding.type == "new_registry"
	not accepted_registry(finding.address)
	message := sprintf("the lockfile takes releases from %s, from which none came before", [finding.address])
	remedy := "lock again against the configured registry; the operator can add the address to registries in data/pins.json"
}

incomplete contains whole_file(lockfile, 0, "manifest-not-locked", message, remedy) if {
	some lockfile in input.lockfiles
	some finding in object.get(lockfile, "findings", [])
	finding.type == "not_locked"
	message := sprintf("%s:%d asks for %s %s, which the lockfile does not pin: what will be installed is not known", [
		finding.manifest,
		finding.manifest_line,
		finding.name,
		finding.range,
	])
	remedy := "lock again with the project's client and commit manifest and lockfile together"
}

incomplete contains whole_file(lockfile, finding.line, "manifest-disagrees", message, remedy) if {
	some lockfile in input.lockfiles
	some finding in object.get(lockfile, "findings", [])
	finding.type == "out_of_range"
	message := sprintf("%s:%d asks for %s %s, and the lockfile pins %s", [
		finding.manifest,
		finding.manifest_line,
		finding.name,
		finding.range,
		finding.version,
	])
	remedy := "undo the edit of the lockfile and lock again with the project's client"
}

# A finding that this policy does not know must not pass for none.
incomplete contains whole_file(lockfile, 0, "lockfile-unknown-finding", message, remedy) if {
	some lockfile in input.lockfiles
	some finding in object.get(lockfile, "findings", [])
	not finding.type in {"new_registry", "not_locked", "out_of_range"}
	message := sprintf("the lockfile shows %v, which this policy does not know", [object.get(finding, "type", null)])
	remedy := "update the policy to the version of the server"
}

# Addresses end without `/` here, whatever the operator writes.
accepted_registry(address) if {
	some accepted in data.pins.registries
	trim_right(accepted, "/") == address
}

whole_file(lockfile, line, code, message, remedy) := {
	"code": code,
	"purl": "",
	"lockfile": lockfile.path,
	"line": line,
	"message": message,
	"remedy": remedy,
	"places": [],
}

error_line(lockfile) := lockfile.error.line if {
	is_number(lockfile.error.line)
} else := 0

error_message(lockfile) := lockfile.error.message if {
	is_string(lockfile.error.message)
} else := "no reason is known"
