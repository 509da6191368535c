package lockgate_test

signed(changed) := with_evidence("signature", observed(object.union(
	{"registry": [], "attestations": [], "earlier": [], "findings": []},
	changed,
)))

signature_found(finding) := signed({"findings": [finding]})

attestation(found) := signed({"attestations": [{"file": "a-1.1.0.tgz", "attestation": found}]})

registry(found) := signed({"registry": [{"file": "a-1.1.0.tgz", "signature": found}]})

changed(type) := signature_found({"type": type, "now": "x", "was": "y", "version": "1.0.0"})

test_unsigned_passes if passes(with_evidence("signature", absent))

test_what_holds_passes if {
	passes(attestation({"type": "verified", "predicate_type": "p"}))
	passes(registry({"type": "good", "keyid": "k"}))
}

test_what_does_not_hold_is_denied if {
	denied(attestation({"type": "rejected", "reason": "other_artifact", "detail": "d"})) == {"signature-rejected"}
	denied(registry({"type": "bad", "keyid": "k"})) == {"signature-rejected"}
	denied(registry({"type": "expired_key", "keyid": "k"})) == {"signature-rejected"}
	denied(registry({"type": "missing"})) == {"signature-rejected"}
}

test_what_cannot_be_judged_is_left_open if {
	every why in ["unsupported", "unknown_log", "unknown_key"] {
		release := attestation({"type": "rejected", "reason": why, "detail": "d"})
		left_open(release) == {"signature-undecided"}
		count(denied(release)) == 0
	}
	left_open(registry({"type": "unknown_key", "keyid": "k"})) == {"signature-undecided"}
	left_open(signature_found({"type": "no_keys"})) == {"signature-undecided"}
}

test_a_registry_may_sign_with_two_keys_while_it_changes_them if passes(signed({"registry": [
	{"file": "a-1.1.0.tgz", "signature": {"type": "unknown_key", "keyid": "new"}},
	{"file": "a-1.1.0.tgz", "signature": {"type": "good", "keyid": "old"}},
]}))

test_what_disappears_is_denied if {
	every type in ["attestation_disappeared", "registry_signature_disappeared"] {
		denied(signature_found({"type": type, "version": "1.0.0"})) == {"provenance-disappeared"}
	}
	denied(signature_found({"type": "file_not_attested", "file": "b.whl"})) == {"file-not-attested"}
}

test_what_is_another_than_before_is_denied if {
	every type in ["other_issuer", "other_source", "other_kind_of_ref", "other_runner"] {
		denied(changed(type)) == {"provenance-changed"}
	}
	claim := {"type": "source_differs_from_claim", "claimed": "a", "built": "b"}
	denied(signature_found(claim)) == {"source-differs"}
}

test_another_workflow_of_the_same_repository_is_the_operators_choice if {
	passes(changed("other_workflow"))
	reasons := data.lockgate.deny with input as change([changed("other_workflow")])
		with data.thresholds.signature as {"denied": ["other_workflow"]}
	{reason.code | some reason in reasons} == {"provenance-changed"}
}

test_the_reason_names_both_sides if {
	reasons := data.lockgate.deny with input as change([changed("other_source")])
	some reason in reasons
	reason.message == "the repository that it was built with is x; for 1.0.0, in the same release line, it was y"
}

test_an_unknown_finding_is_left_open if left_open(signature_found({"type": "new"})) == {"signature-unknown-finding"}
