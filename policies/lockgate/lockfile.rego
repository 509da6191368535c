# Lockfiles that cannot be read: what they bring in is unknown.
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

error_line(lockfile) := lockfile.error.line if {
	is_number(lockfile.error.line)
} else := 0

error_message(lockfile) := lockfile.error.message if {
	is_string(lockfile.error.message)
} else := "no reason is known"
