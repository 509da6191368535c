"""What the model is worth on packages and families that it has not seen, beside its baselines."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from . import attacks, ngrams, rewrites

ECOSYSTEMS = ("pypi", "npm", "cargo")
UPDATE_ALARMS, NEW_ALARMS = 0.001, 0.01
HOSTS = 8
"""Updates that each unseen family's payloads are put into, an ecosystem."""


def pool(weights, encoded, facts):
    """As `network.pool`, of one bag."""
    attention = encoded @ weights["attention"][:, 0]
    attention = np.exp(attention - attention.max())
    vector = attention @ encoded / attention.sum()
    worst = (encoded @ weights["chunk"]).max()
    return float(worst + vector @ weights["pooled"][:, 0] + facts @ weights["facts"][:, 0] + weights["offset"][0])


class Judge:
    """Scores rows and bags by the network and by the n-gram baseline; the chunks of a table are encoded once."""

    def __init__(self, table, rows, weights, encode, baseline, suspicion):
        self.table, self.weights, self.encode, self.baseline, self.suspicion = table, weights, encode, baseline, suspicion
        numbers = np.concatenate([np.arange(table.first[r], table.first[r + 1]) for r in rows])
        self.place = np.full(len(table.role), -1)
        self.place[numbers] = np.arange(len(numbers))
        self.encoded = encode(weights, [table.chunk(n) for n in numbers], table.role[numbers])

    def rows(self, rows):
        table = self.table
        network = [pool(self.weights, self.encoded[self.place[table.first[r] : table.first[r + 1]]], table.facts[r]) for r in rows]
        worst = [self.suspicion[table.first[r] : table.first[r + 1]].max() for r in rows]
        return np.array(network), np.array(worst)

    def bags(self, bags):
        own = [(chunk, role) for bag in bags for chunk, role in zip(bag.chunks[: bag.payload], bag.roles)]
        encoded = self.encode(self.weights, [chunk for chunk, _ in own], np.array([role for _, role in own]))
        words = ngrams.scores(self.baseline, [chunk for chunk, _ in own])
        network, worst, at = [], [], 0
        for bag in bags:
            mine, numbers = slice(at, at + bag.payload), np.array(bag.numbers)
            at += bag.payload
            network.append(pool(self.weights, np.concatenate([encoded[mine], self.encoded[self.place[numbers]]]), bag.facts))
            worst.append(max(words[mine].max(), self.suspicion[numbers].max()))
        return np.array(network), np.array(worst)


def made(table, malicious, hosts, suspicion, random, known, each, rewrite=None, way=None):
    """Updates with payloads of each family in `malicious`, in `hosts`; set in by one of the ways that leave code, or by `way`."""
    families = {}
    for row in malicious:
        families.setdefault(table.rows[row]["family"], []).append(row)
    bags = []
    for name in sorted(families):
        for number in range(each):
            row = families[name][number % len(families[name])]
            payload = [table.chunk(n) for n in attacks.payload_of(table, row, suspicion)]
            drawn = way or attacks.WAYS[random.integers(len(attacks.WAYS) - 1)]
            bags.append(attacks.attack(table, hosts[random.integers(len(hosts))], payload, name, drawn, random, rewrite, known))
    return bags


def recall(scores, families, threshold, random):
    """Share above the threshold, a family counting as one, with the 95% interval over families (bootstrap)."""
    names = sorted(set(families))
    families = np.array(families)
    each = np.array([(scores[families == name] > threshold).mean() for name in names])
    draws = [each[random.integers(len(each), size=len(each))].mean() for _ in range(2000)]
    return {
        "recall": round(float(each.mean()), 4),
        "interval": [round(float(v), 4) for v in np.quantile(draws, [0.025, 0.975])],
        "families": len(names),
        "items": len(scores),
    }


def threshold(benign, alarms):
    """The lowest score that at most the share `alarms` of `benign` passes."""
    ordered = np.sort(benign)[::-1]
    return float(ordered[min(int(alarms * len(ordered)), len(ordered) - 1)])


def shape(table, row):
    """What says nothing of the code: how much of it there is, and where."""
    numbers = np.arange(table.first[row], table.first[row + 1])
    lengths = np.diff(table.start[table.first[row] : table.first[row + 1] + 1])
    roles = np.bincount(table.role[numbers], minlength=8)
    return np.r_[len(numbers), lengths.sum(), lengths.mean(), lengths.max(), roles, roles > 0]


def matched(table, malicious, benign, random, roles):
    """For each malicious row a benign one with about as many chunks and tokens, each once; with `roles`, one of the same roles."""
    size = lambda r: np.log2([table.first[r + 1] - table.first[r], table.start[table.first[r + 1]] - table.start[table.first[r]]])
    kind = lambda r: tuple(np.unique(table.role[table.first[r] : table.first[r + 1]])) if roles else ()
    free = {}
    for r in benign:
        free.setdefault(kind(r), {})[r] = size(r)
    pairs = []
    for row in random.permutation(malicious):
        of_kind, wanted = free.get(kind(row)), size(row)
        if not of_kind:
            continue
        nearest = min(of_kind, key=lambda r: np.abs(of_kind[r] - wanted).sum())
        if np.abs(of_kind[nearest] - wanted).sum() < 1:
            pairs.append((row, nearest))
            del of_kind[nearest]
    return pairs


def shape_control(table, fit, dev, random):
    """AUC of gradient boosting on shape alone, new packages, malicious against benign of the same size; then of the same size
    and the same roles, which tells what of it the roles were."""
    kind = lambda rows, label: [r for r in rows if table.rows[r]["ecosystem"] == "pypi" and table.rows[r]["mode"] == "new" and table.rows[r]["label"] == label]
    labels = lambda pairs: np.tile([1, 0], len(pairs))
    answer = {}
    # The first four figures are sizes; the rest says which roles there are.
    for name, columns, roles in (
        ("same size", slice(None), False),
        ("same size, sizes alone", slice(0, 4), False),
        ("same size and roles", slice(None), True),
    ):
        seen, unseen = (matched(table, kind(rows, "malicious"), kind(rows, "benign"), random, roles) for rows in (fit, dev))
        answer[name] = {"pairs": [len(seen), len(unseen)]}
        if len(seen) < 10 or len(unseen) < 10:
            continue
        table_of = lambda pairs: np.array([shape(table, r)[columns] for pair in pairs for r in pair])
        model = HistGradientBoostingClassifier(random_state=0).fit(table_of(seen), labels(seen))
        answer[name]["auc"] = round(float(roc_auc_score(labels(unseen), model.predict_proba(table_of(unseen))[:, 1])), 4)
    return answer


def platt(bad, good):
    """Slope and offset of the probability: as many bad as good."""
    if len(bad) < 5 or len(good) < 5:
        return [1.0, 0.0]
    scores = np.r_[bad, good][:, None]
    model = LogisticRegression(C=1.0, class_weight="balanced").fit(scores, np.r_[np.ones(len(bad)), np.zeros(len(good))])
    return [round(float(model.coef_[0, 0]), 5), round(float(model.intercept_[0]), 5)]


def reference(table, rows, scores):
    """What benign rows look like to the model: nine deciles of the score and of the count of chunks, and how often each fact
    holds. What comes in later is compared with it."""
    deciles = lambda values: [round(float(v), 4) for v in np.quantile(values, np.arange(1, 10) / 10)]
    return {
        "rows": len(rows),
        "score": deciles(scores),
        "chunks": deciles(table.first[rows + 1] - table.first[rows]),
        "facts": [round(float(v), 4) for v in table.facts[rows].mean(axis=0)],
    }


def everything(table, fit, calibrate, dev, weights, encode, baseline, suspicion, known, seed):
    """The report, and of it what the model's metadata holds."""
    random = np.random.default_rng(seed + 1)
    judge = Judge(table, np.r_[calibrate, dev], weights, encode, baseline, suspicion)
    pick = lambda rows, **want: np.array([r for r in rows if all(table.rows[r][k] == v for k, v in want.items())], dtype=np.int64)
    bad_dev, bad_calibrate = pick(dev, label="malicious"), pick(calibrate, label="malicious")
    family = lambda rows: [table.rows[r]["family"] for r in rows]
    report = {"rows": {"fit": len(fit), "calibrate": len(calibrate), "dev": len(dev)}, "dataset": table.version}
    thresholds, calibration, metrics, references = {}, {}, {}, {}
    new_bad, new_bad_words = judge.rows(bad_dev)
    new_calibrate, _ = judge.rows(bad_calibrate)
    for ecosystem in ECOSYSTEMS:
        updates, news = (pick(dev, label="benign", ecosystem=ecosystem, mode=mode) for mode in ("update", "new"))
        if not len(updates) or not len(news):
            continue
        alarms, alarms_words = judge.rows(updates)
        alarms_new, alarms_new_words = judge.rows(news)
        bags = made(table, bad_dev, updates, suspicion, random, known, HOSTS)
        scores, words = judge.bags(bags)
        named = [bag.family for bag in bags]
        of_update, of_new = threshold(alarms, UPDATE_ALARMS), threshold(alarms_new, NEW_ALARMS)
        references[ecosystem] = {"update": reference(table, updates, alarms), "new": reference(table, news, alarms_new)}
        thresholds[ecosystem] = {"update": round(of_update, 4), "new": round(of_new, 4)}
        part = {"evidence": "real packages" if ecosystem == "pypi" else "synthetic evidence only", "benign updates": len(updates), "benign new": len(news)}
        part["updates at 0.1%"] = recall(scores, named, of_update, random) | {"alarms": int((alarms > of_update).sum()), "auc": round(float(roc_auc_score(np.r_[np.ones(len(scores)), np.zeros(len(alarms))], np.r_[scores, alarms])), 4)}
        part["updates at 1%"] = recall(scores, named, threshold(alarms, 0.01), random)
        part["updates at 0.1%, n-grams"] = recall(words, named, threshold(alarms_words, UPDATE_ALARMS), random)
        part["by way"] = {way: round(float((scores[[bag.way == way for bag in bags]] > of_update).mean()), 3) for way in attacks.WAYS[:-1]}
        part["without code"] = {}
        for way in attacks.WITHOUT_CODE:
            silent, _ = judge.bags(made(table, bad_dev, updates, suspicion, np.random.default_rng(seed + 4), known, 4, way=way))
            part["without code"][way] = round(float((silent > of_update).mean()), 3)
        if ecosystem == "pypi":
            part["new at 1%"] = recall(new_bad, family(bad_dev), of_new, random) | {"auc": round(float(roc_auc_score(np.r_[np.ones(len(new_bad)), np.zeros(len(alarms_new))], np.r_[new_bad, alarms_new])), 4)}
            part["new at 1%, n-grams"] = recall(new_bad_words, family(bad_dev), threshold(alarms_new_words, NEW_ALARMS), random)
            part["rewritten"] = {}
            for kind in (None, *rewrites.KINDS):
                same = np.random.default_rng(seed + 2)
                again, _ = judge.bags(made(table, bad_dev, updates, suspicion, same, known, 4, kind))
                names = [name for name in sorted(set(family(bad_dev))) for _ in range(4)]
                part["rewritten"][kind or "as it was"] = recall(again, names, of_update, random)
        report[ecosystem] = part
        hosts = pick(calibrate, label="benign", ecosystem=ecosystem, mode="update")
        quiet, quiet_new = judge.rows(hosts)[0], judge.rows(pick(calibrate, label="benign", ecosystem=ecosystem, mode="new"))[0]
        loud = judge.bags(made(table, bad_calibrate, hosts, suspicion, random, known, 4))[0] if len(bad_calibrate) else np.zeros(0)
        calibration[ecosystem] = {"update": platt(loud, quiet), "new": platt(new_calibrate, quiet_new)}
        metrics[ecosystem] = {"update recall at 0.1%": part["updates at 0.1%"]["recall"], "benign updates": len(updates)}
    report["shape alone, new PyPI packages"] = shape_control(table, fit, dev, random)
    return report, {"threshold": thresholds, "calibration": calibration, "metrics": metrics, "reference": references}


def text(report):
    """For people."""
    lines = [f"rows {report['rows']}, {report['dataset']}", f"shape alone: {report['shape alone, new PyPI packages']}"]
    for ecosystem in ECOSYSTEMS:
        for name, value in report.get(ecosystem, {}).items():
            if name == "rewritten":
                lines += [f"{ecosystem:6} rewritten, {kind}: {one['recall']}" for kind, one in value.items()]
            else:
                lines.append(f"{ecosystem:6} {name}: {value}")
    return "\n".join(lines)
