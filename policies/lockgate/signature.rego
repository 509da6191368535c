# Signatures and provenance. Unsigned is no objection by itself, for most releases are; what is signed must hold, and a
# release must be built as those before it in its line were. data/thresholds.json names the changes that are denied.
package lockgate

# Not one of these says that something was forged: they say that nothing can be said.
undecided_reasons := {"unsupported", "unknown_log", "unknown_key", "too_large", "digest_is_not_enough"}

signature_findings := {
	"attestation_disappeared",
	"registry_signature_disappeared",
	"file_not_attested",
	"no_keys",
	"other_issuer",
	"other_source",
	"other_workflow",
	"other_kind_of_ref",
	"other_runner",
	"source_differs_from_claim",
}

deny contains reason(release, "signature-rejected", message, remedy) if {
	some release in incoming
	some one in listed(release, "signature", "attestations")
	one.attestation.type == "rejected"
	not one.attestation.reason in undecided_reasons
	message := sprintf("an attestation of %s does not hold: %s", [file_name(one), one.attestation.detail])
	remedy := "install nothing of it; take another version, and tell the publisher and the registry"
}

incomplete contains reason(release, "signature-undecided", message, remedy) if {
	some release in incoming
	some one in listed(release, "signature", "attestations")
	one.attestation.type == "rejected"
	one.attestation.reason in undecided_reasons
	message := sprintf("an attestation of %s cannot be judged: %s", [file_name(one), one.attestation.detail])
	remedy := "let the operator name the trusted root and keys in [signature], or update Lockgate"
}

deny contains reason(release, "signature-rejected", message, remedy) if {
	some release in incoming
	some one in listed(release, "signature", "registry")
	one.signature.type in {"bad", "expired_key", "missing"}
	message := sprintf("the registry's signature of %s does not hold: %s", [file_name(one), registry_text(one.signature)])
	remedy := "install nothing of it; find out whether the registry or a mirror was changed"
}

incomplete contains reason(release, "signature-undecided", message, remedy) if {
	some release in incoming
	some one in listed(release, "signature", "registry")
	one.signature.type == "unknown_key"
	not signed_by_known_key(release, one.file)
	message := sprintf("%s is signed by the key %v, which is none of the registry's", [file_name(one), one.signature.keyid])
	remedy := "let the operator name the registry's keys in [signature] keys"
}

incomplete contains reason(release, "signature-undecided", message, remedy) if {
	some release in incoming
	some finding in listed(release, "signature", "findings")
	finding.type == "no_keys"
	message := "the registry signs its releases and states no key to verify that with"
	remedy := "let the operator name the registry's keys in [signature] keys"
}

deny contains reason(release, "provenance-disappeared", message, remedy) if {
	some release in incoming
	some finding in listed(release, "signature", "findings")
	finding.type in {"attestation_disappeared", "registry_signature_disappeared"}
	finding.type in data.thresholds.signature.denied
	message := sprintf("%s, which is in the same release line, %s; this version is not", [
		finding.version,
		{"attestation_disappeared": "was attested", "registry_signature_disappeared": "was signed by the registry"}[finding.type],
	])
	remedy := "stay with that version until the publisher says why; a stolen account can publish, and cannot sign"
}

deny contains reason(release, "file-not-attested", message, remedy) if {
	some release in incoming
	some finding in listed(release, "signature", "findings")
	finding.type == "file_not_attested"
	finding.type in data.thresholds.signature.denied
	message := sprintf("%s is not attested, and other files of this release are", [file_name(finding)])
	remedy := "pin the attested files alone, or ask the publisher whether the file is theirs"
}

deny contains reason(release, "provenance-changed", message, remedy) if {
	some release in incoming
	some finding in listed(release, "signature", "findings")
	words := {
		"other_issuer": "the issuer",
		"other_source": "the repository",
		"other_workflow": "the workflow",
		"other_kind_of_ref": "the kind of ref",
		"other_runner": "the machine",
	}[finding.type]
	finding.type in data.thresholds.signature.denied
	message := sprintf("%s that it was built with is %v; for %v, in the same release line, it was %v", [
		words,
		finding.now,
		finding.version,
		finding.was,
	])
	remedy := "see whether the project announced the change; then ask for a waiver, else stay with the earlier version"
}

deny contains reason(release, "source-differs", message, remedy) if {
	some release in incoming
	some finding in listed(release, "signature", "findings")
	finding.type == "source_differs_from_claim"
	finding.type in data.thresholds.signature.denied
	message := sprintf("its manifest names the repository %s, and it was built from %s", [finding.claimed, finding.built])
	remedy := "find out which repository the package belongs to; a copy of another project may claim to be it"
}

# What this policy does not know must not pass for nothing.
incomplete contains reason(release, "signature-unknown-finding", message, remedy) if {
	some release in incoming
	some finding in listed(release, "signature", "findings")
	not finding.type in signature_findings
	message := sprintf("the signature check found %v, which this policy does not know", [object.get(finding, "type", null)])
	remedy := "update the policy to the version of the server"
}

# While a registry changes its key it signs with both.
signed_by_known_key(release, file) if {
	some one in listed(release, "signature", "registry")
	one.file == file
	one.signature.type == "good"
}

registry_text(signature) := sprintf("it is not for these bytes, by the key %v", [signature.keyid]) if signature.type == "bad"

registry_text(signature) := sprintf("its key %v had expired", [signature.keyid]) if signature.type == "expired_key"

registry_text(signature) := "it is empty" if signature.type == "missing"
