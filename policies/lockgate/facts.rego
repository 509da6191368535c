# The shape of what collectors observed. A rule that looks for a field which is not there finds nothing to
# object to; therefore facts that lack what the rules read leave the release incomplete.
package lockgate

incomplete contains reason(release, sprintf("%s-facts-unexpected", [collector]), message, remedy) if {
	some release in incoming
	some collector in ["checksum", "license", "advisory", "diff", "age", "signature", "classifier", "pickle", "pin", "typosquat"]
	release.evidence[collector].status == "observed"
	not expected_shape(collector, release.evidence[collector].facts)
	message := sprintf("the %s check's facts are not in the shape that this policy reads", [collector])
	remedy := "update the policy to the version of the server"
}

expected_shape("checksum", found) if {
	is_array(found.findings)
	is_array(found.artifacts)
	is_array(found.verified)
}

expected_shape("license", found) if is_string(found.expression)

expected_shape("advisory", found) if {
	is_array(found.matches)
	every match in found.matches {
		is_string(match.id)
	}
}

expected_shape("diff", found) if {
	found.mode in {"new", "update"}
	is_array(found.findings)
	every finding in found.findings {
		is_string(finding.type)
	}
	is_array(found.irregularities)
	every irregularity in found.irregularities {
		is_string(irregularity.type)
	}
}

# What is no time would end the whole judgement.
expected_shape("age", found) if {
	is_string(found.published_at)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$`, found.published_at)
}

expected_shape("signature", found) if {
	is_array(found.registry)
	every one in found.registry {
		is_string(one.signature.type)
	}
	is_array(found.attestations)
	every one in found.attestations {
		one.attestation.type in {"verified", "rejected"}
	}
	is_array(found.findings)
	every finding in found.findings {
		is_string(finding.type)
	}
}

expected_shape("pickle", found) if {
	is_array(found.files)
	every file in found.files {
		is_array(file.imports)
		is_string(file.reading)
	}
}

expected_shape("pin", found) if {
	is_array(found.findings)
	every finding in found.findings {
		is_string(finding.type)
	}
}

expected_shape("typosquat", found) if {
	is_array(found.alike)
	every popular in found.alike {
		is_string(popular.name)
		is_string(popular.how.type)
	}
}

expected_shape("classifier", found) if {
	found.mode in {"new", "update"}
	is_array(found.artifacts)
	every artifact in found.artifacts {
		is_number(artifact.threshold)
		is_array(artifact.hunks)
		is_array(artifact.behaviours)
	}
}
