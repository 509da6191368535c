"""What is wrong with a data set, before anything is learned from it.

Rows that contradict others wait in quarantine: they are left out, and said. A malicious row without a chunk of code of its
own is a copy of what is benign; a benign one half of whose code only malicious rows have is a flipped label, and so may be
a row that a model fitted without its family takes for one of the other kind.
"""

import argparse
import hashlib
import itertools
import json
from collections import Counter, defaultdict

import numpy as np

from . import features, ngrams

LONG = 24
"""Shorter chunks say too little to tell where they come from, in tokens."""
CONTRADICTS = 0.3
"""A row is suspected that looks more like the other side than this share of the other side does."""
FIELDS = ("ecosystem", "name", "version", "label", "mode", "family", "split", "artifact_sha256", "label_source")


def missing(table):
    """Rows that lack what every row must say."""
    return [n for n, row in enumerate(table.rows) if any(not row.get(field) for field in FIELDS)]


def code(table, row):
    return [n for n in table.chunks(row) if table.role[n] in features.CODE and table.start[n + 1] - table.start[n] >= LONG]


def copies(table):
    """Malicious rows all of whose code is benign, and benign rows with code that only malicious families have."""
    of_row, families = [], defaultdict(lambda: (set(), set()))
    for number, row in enumerate(table.rows):
        digests = {hashlib.blake2b(table.chunk(n).tobytes(), digest_size=8).digest() for n in code(table, number)}
        of_row.append(digests)
        for digest in digests:
            families[digest][row["label"] == "malicious"].add(row["family"])
    found = []
    for number, (row, digests) in enumerate(zip(table.rows, of_row)):
        if not digests:
            continue
        if row["label"] == "malicious":
            if all(families[digest][False] for digest in digests):
                found.append(number)
        else:
            # Malicious packages carry copies of benign code too: a file of it that they share says nothing.
            theirs = [digest for digest in digests if families[digest][True] and families[digest][False] <= {row["family"]}]
            if len(theirs) * 2 >= len(digests):
                found.append(number)
    return found


def contradicting(table, seed):
    """Rows that a model of the other families finds to be of the other kind."""
    malicious = np.array([row["label"] == "malicious" for row in table.rows])
    part = np.array([features.share("fold " + row["family"]) % 2 for row in table.rows])
    random = np.random.default_rng(seed)
    looks = np.zeros(len(table.rows))
    chosen = []
    for number in range(len(table.rows)):
        numbers = [n for n in table.chunks(number) if table.role[n] in features.CODE] or list(table.chunks(number))
        chosen.append([table.chunk(numbers[n]) for n in random.permutation(len(numbers))[:12]])
    for fold in (0, 1):
        gather = lambda which: [chunk for n in np.flatnonzero((part != fold) & which) for chunk in chosen[n]]
        bad, good = gather(malicious), gather(~malicious)
        if not bad or not good:
            continue
        model = ngrams.fit(bad, good, seed)
        here = np.flatnonzero(part == fold)
        scores = ngrams.scores(model, [chunk for n in here for chunk in chosen[n]])
        ends = np.cumsum([len(chosen[n]) for n in here])
        looks[here] = [scores[end - len(chosen[n]) : end].max() for n, end in zip(here, ends)]
    found = []
    ecosystems = np.array([row["ecosystem"] for row in table.rows])
    for label, ecosystem in itertools.product((True, False), sorted(set(ecosystems))):
        # Within an ecosystem: what is of another language is told apart by that.
        here = ecosystems == ecosystem
        other = np.sort(looks[here & (malicious != label)])
        if not len(other):
            continue
        for number in np.flatnonzero(here & (malicious == label)):
            # The share of the other side that looks less like the other side than this row does.
            beyond = np.searchsorted(other, looks[number]) / len(other)
            if (1 - beyond if label else beyond) > CONTRADICTS:
                found.append(int(number))
    return found


def stability(before, now, bins=10):
    """The population stability index of a figure: below 0.1 the same, over 0.25 another population."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1]))
    share = lambda values: np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) / len(values) + 1e-4
    a, b = share(before), share(now)
    return float(((b - a) * np.log(b / a)).sum())


def drift(before, now):
    """Of each ecosystem and label, how far the rows' sizes and facts are from those of the version before."""
    answer = {}
    for ecosystem in ("pypi", "npm", "cargo"):
        for label in ("benign", "malicious"):
            pick = lambda table: table.where(ecosystem=ecosystem, label=label)
            old, new = pick(before), pick(now)
            if len(old) < 50 or len(new) < 50:
                continue
            chunks = stability(np.diff(before.first)[old], np.diff(now.first)[new])
            facts = float(np.abs(before.facts[old].mean(0) - now.facts[new].mean(0)).max())
            answer[f"{ecosystem} {label}"] = {"chunks": round(chunks, 4), "facts": round(facts, 4)}
    return answer


def report(table, seed=1, before=None):
    """What there is, what is wrong with it, and the rows that wait in quarantine (their numbers, with the reason)."""
    quarantine = {}
    for reason, rows in (("a field is missing", missing(table)), ("copy", copies(table)), ("contradiction", contradicting(table, seed))):
        for row in rows:
            quarantine.setdefault(row, reason)
    artifacts = Counter((row["artifact_sha256"], row["mode"]) for row in table.rows if row.get("artifact_sha256"))
    content = Counter(row["features_sha256"] for row in table.rows)
    labels = defaultdict(set)
    for row in table.rows:
        labels[row["features_sha256"]].add(row["label"])
    kinds = Counter(f"{row['ecosystem']} {row['mode']} {row['label']} {row['split']}" for row in table.rows)
    sizes = np.diff(table.first)
    return {
        "version": table.version,
        "rows": dict(sorted(kinds.items())),
        "duplicates": {"artifact": sum(n - 1 for n in artifacts.values()), "features": sum(n - 1 for n in content.values())},
        "label conflicts": sum(len(found) > 1 for found in labels.values()),
        "missing labels": sum(not row.get("label") for row in table.rows),
        "imbalance": round(sum(row["label"] == "benign" for row in table.rows) / max(sum(row["label"] == "malicious" for row in table.rows), 1), 2),
        "outliers": {"chunks over 99%": int((sizes > np.quantile(sizes, 0.99)).sum())},
        "drift": drift(before, table) if before is not None else None,
        "quarantine": dict(Counter(quarantine.values())),
    }, quarantine


def poison(table, count, seed):
    """Flips the labels of `count` malicious and `count` benign rows, and adds nothing; the numbers of those rows."""
    random = np.random.default_rng(seed)
    flipped = []
    for label, other in (("malicious", "benign"), ("benign", "malicious")):
        rows = table.where(ecosystem="pypi", label=label)
        chosen = rows[random.permutation(len(rows))[:count]]
        flipped.append([int(n) for n in chosen])
    for rows, label in zip(flipped, ("benign", "malicious")):
        for number in rows:
            # A batch arrives under a name of its own.
            table.rows[number] = table.rows[number] | {"label": label, "family": f"batch-{number}"}
    return flipped


def main():
    parser = argparse.ArgumentParser(description="What is wrong with a data set.")
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--before", nargs="+", help="the sets of the version before, for drift")
    parser.add_argument("--poison", type=int, default=0, help="flip so many labels of each kind first, and say how many were caught")
    asked = parser.parse_args()
    table = features.read(asked.sets)
    before = features.read(asked.before) if asked.before else None
    print(json.dumps(report(table, before=before)[0], indent=1))
    if asked.poison:
        clean = set(report(table)[1])
        to_benign, to_malicious = poison(table, asked.poison, 1)
        caught = set(report(table)[1])
        for what, rows in (("malicious rows called benign", to_benign), ("benign rows called malicious", to_malicious)):
            print(f"{what}: {len(caught & set(rows))} of {len(rows)} in quarantine")
        print(f"others: {len(caught - clean - set(to_benign) - set(to_malicious))} of {len(table.rows)}")


if __name__ == "__main__":
    main()
