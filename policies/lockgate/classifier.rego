# Classifier: a model's word about what a release adds. There is none where no model is configured, and none is needed; where
# one is, a release that scores above its makers' threshold is held in the modes that data/thresholds.json names.
package lockgate

deny contains reason_at(release, "classifier-suspicious", message, remedy, places) if {
	some release in incoming
	facts(release, "classifier").mode in data.thresholds.classifier.held
	some artifact in listed(release, "classifier", "artifacts")
	is_number(artifact.score)
	artifact.score > artifact.threshold
	places := [scored_place(hunk, artifact) | some hunk in array.slice(artifact.hunks, 0, 3)]
	message := sprintf("what it adds looks like what malicious releases add: %s (%s)", [behaviours_text(artifact), share_text(artifact)])
	remedy := "read the places that are named; if they are as they should be, have a reviewer waive this reason"
}

scored_place(hunk, artifact) := {
	"path": worded(object.get(hunk, "path", null), "unknown"),
	"line": line_of(hunk),
	"note": sprintf("%d%% of the score; %s", [round(hunk.share * 100), behaviours_text(artifact)]),
}

behaviours_text(artifact) := concat(", ", [behaviour.name | some behaviour in artifact.behaviours]) if {
	count(artifact.behaviours) > 0
} else := "no known behaviour"

share_text(artifact) := sprintf("%d%% sure", [round(artifact.probability * 100)]) if {
	is_number(artifact.probability)
} else := "it does not say how sure"
