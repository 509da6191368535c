"""False alarms of a finished model, at the thresholds that it carries, on benign rows of packages that it was not trained on.

    python -m trainer.alarms --model classifier.onnx --sets FOLDER... [--besides FOLDER...] [--named hard-negatives.csv]

Packages that have a row in `--besides` are left out: what is left was neither trained on nor used to choose the thresholds, and
tells whether they hold.
"""

import argparse
import csv
import json

import numpy as np
import onnxruntime
from scipy.stats import beta

from . import features


def interval(alarms, rows):
    """95%, of a share (Clopper and Pearson 1934)."""
    low = beta.ppf(0.025, alarms, rows - alarms + 1) if alarms else 0.0
    high = beta.ppf(0.975, alarms + 1, rows - alarms) if alarms < rows else 1.0
    return float(low), float(high)


def scores(session, table, rows, most=1024):
    """As inference scores them, many rows in one run."""
    answer, run, count = [], [], 0

    def ask():
        chunks = [n for row in run for n in table.chunks(row)]
        owner = np.repeat(np.arange(len(run)), [len(table.chunks(row)) for row in run])
        asked = {
            "tokens": features.padded([table.chunk(n) for n in chunks]),
            "roles": table.role[chunks].astype(np.int32),
            "members": (owner[None] == np.arange(len(run))[:, None]).astype(np.float32),
            "facts": table.facts[run],
        }
        answer.extend(session.run(["score"], asked)[0])

    for row in rows:
        if run and count + len(table.chunks(row)) > most:
            ask()
            run, count = [], 0
        run.append(row)
        count += len(table.chunks(row))
    if run:
        ask()
    return np.array(answer)


def kinds(file):
    """Of each package in the list, what makes it hard to tell from malware."""
    with open(file, newline="") as lines:
        return {(row["ecosystem"], row["name"]): row["kind"] for row in csv.DictReader(lines)}


def main():
    parser = argparse.ArgumentParser(description="False alarms on benign rows that were not trained on.")
    parser.add_argument("--model", required=True)
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--besides", nargs="*", default=[], help="sets that the model was trained and its thresholds chosen on")
    parser.add_argument("--named", help="a list of packages: only these, by their kind")
    asked = parser.parse_args()
    named = kinds(asked.named) if asked.named else None
    session = onnxruntime.InferenceSession(asked.model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["lockgate"])
    table = features.read(asked.sets)
    besides = features.read(asked.besides).rows if asked.besides else []
    known = {row["features_sha256"] for row in besides} | {row["family"] for row in besides}
    for ecosystem in ("pypi", "npm", "cargo"):
        for mode in ("update", "new"):
            # With nothing to leave out, only those of the measured half: the others may have been trained on.
            half = {} if known else {"split": "dev"}
            rows = table.where(ecosystem=ecosystem, mode=mode, label="benign", **half)
            rows = [r for r in rows if not known & {table.rows[r]["features_sha256"], table.rows[r]["family"]}]
            groups = {"": rows}
            if named is not None:
                kind = lambda r: named.get((ecosystem, table.rows[r]["name"]))
                groups = {name: [r for r in rows if kind(r) == name] for name in sorted(set(named.values()))}
            for name, rows in groups.items():
                if not rows:
                    continue
                alarms = int((scores(session, table, rows) > card["threshold"][ecosystem][mode]).sum())
                low, high = interval(alarms, len(rows))
                print(f"{ecosystem:6} {mode:6} {name:16} {alarms} of {len(rows)} benign: {100 * alarms / len(rows):.2f}% ({100 * low:.2f} to {100 * high:.2f})")


if __name__ == "__main__":
    main()
