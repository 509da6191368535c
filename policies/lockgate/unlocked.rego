# What comes in without a lockfile: actions, container images, submodules, hooks. A tag or branch can be moved by its owner,
# or by whoever took the owner's account, to other code; a full commit id or a digest cannot.
#
# `data.pins.unfixed` says for each kind what a name that can be moved does: `deny`, `incomplete`, or `note` (nothing).
package lockgate

deny contains unlocked_reason(found) if {
	some found in unlocked_findings
	found.level == "deny"
}

incomplete contains unlocked_reason(found) if {
	some found in unlocked_findings
	found.level == "incomplete"
}

incomplete contains {
	"code": "pins-unreadable",
	"purl": "",
	"lockfile": file.path,
	"line": error_line({"error": file}),
	"message": sprintf("what this file takes from elsewhere cannot be read: %s", [file.message]),
	"remedy": "mend the file",
	"places": [],
} if {
	some file in object.get(input, "unread", [])
}

# What this policy does not know must not pass for nothing.
incomplete contains unlocked_reason({
	"code": "pin-unknown-kind",
	"pin": pin,
	"message": sprintf("%s is taken from elsewhere in a way that this policy does not know", [pin.name]),
	"remedy": "update the policy to the version of the server",
}) if {
	some pin in unlocked
	not pin.kind in object.keys(unlocked_name)
}

unlocked_findings contains {
	"level": data.pins.unfixed[pin.kind],
	"code": "pin-not-fixed",
	"pin": pin,
	"message": sprintf("%s %s", [unlocked_name[pin.kind], loose(pin)]),
	"remedy": unlocked_remedy[pin.kind],
} if {
	some pin in unlocked
	not fixed(pin.reference)
	not trusted(pin)
}

# Who looks at the comment believes the old tag.
unlocked_findings contains {
	"level": data.pins.moved_under_label,
	"code": "pin-moved-under-label",
	"pin": pin,
	"message": sprintf("the commit of %s changed from %s to %s, and its comment still says %s", [
		pin.name,
		substring(pin.old.reference.commit, 0, 12),
		substring(pin.reference.commit, 0, 12),
		pin.label,
	]),
	"remedy": sprintf("make sure that this is the commit of the release that is meant, and correct the comment %s", [pin.label]),
} if {
	some pin in unlocked
	pin.reference.type == "commit"
	pin.old.reference.type == "commit"
	pin.old.reference.commit != pin.reference.commit
	is_string(pin.label)
	pin.old.label == pin.label
}

unlocked_findings contains {
	"level": data.pins.submodule_moved,
	"code": "submodule-moved",
	"pin": pin,
	"message": sprintf("the submodule %s is now at commit %s, which no check looks into", [
		pin.name,
		substring(pin.reference.commit, 0, 12),
	]),
	"remedy": "review what the new commit brings in",
} if {
	some pin in unlocked
	pin.kind == "submodule"
	not readdressed(pin)
}

unlocked_findings contains {
	"level": data.pins.submodule_address_changed,
	"code": "submodule-address-changed",
	"pin": pin,
	"message": sprintf("the submodule %s comes from %s now, and came from %s before", [pin.name, pin.address, pin.old.address]),
	"remedy": "make sure that the new address belongs to the same project; if it was not meant, undo the edit of .gitmodules",
} if {
	some pin in unlocked
	readdressed(pin)
}

unlocked := object.get(input, "pins", [])

readdressed(pin) if {
	pin.kind == "submodule"
	is_string(pin.old.address)
	pin.old.address != pin.address
}

fixed(reference) if reference.type in {"commit", "digest"}

# The operator's words: a name, or its beginning and `*`.
trusted(pin) if pin.name in data.pins.trusted

trusted(pin) if {
	some pattern in data.pins.trusted
	endswith(pattern, "*")
	startswith(pin.name, trim_suffix(pattern, "*"))
}

unlocked_name := {
	"action": "the action",
	"image": "the image",
	"submodule": "the submodule",
	"hook": "the hooks of",
}

loose(pin) := sprintf("%s is named by %s, which its owner can move to other code", [pin.name, pin.reference.name]) if {
	pin.reference.type == "movable"
} else := sprintf("%s is named without a version, so that the newest is taken", [pin.name]) if {
	pin.reference.type == "unstated"
} else := sprintf("%s is chosen when it runs, so that nobody can say what it will be", [pin.name]) if {
	pin.reference.type == "computed"
} else := sprintf("%s is named in a way that this policy does not know", [pin.name])

unlocked_remedy := {
	"action": "pin the full commit id and keep the tag as a comment: owner/name@0123… # v1.2.3",
	"image": "pin the digest behind the tag: name:tag@sha256:…",
	"submodule": "commit the submodule at a full commit id",
	"hook": "pin the full commit id: pre-commit autoupdate --freeze",
}

unlocked_reason(found) := {
	"code": found.code,
	"purl": "",
	"lockfile": found.pin.path,
	"line": found.pin.line,
	"message": found.message,
	"remedy": found.remedy,
	"places": [],
}
