"""Trains the classifier, measures it beside its baselines, and writes it as ONNX with what it was made of.

    python -m trainer.train --sets FOLDER... [--measured FOLDER...] --out FOLDER [--steps N] [--seed N]
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import attacks, behaviours, card, export, features, measure, network, ngrams, precision, quality
from .words import WORDS

ROWS, CHUNKS = 64, 6
"""Rows of a step, and chunks that are looked at of each."""
ENCODE = 512
"""Chunks that are encoded at once where nothing is learned."""


def split(table, quarantine=()):
    """Rows to fit on and rows to calibrate on (families, packages), and rows to measure with. What waits in quarantine is
    not learned from; it is measured with, since leaving out what contradicts the model would flatter it."""
    fit, calibrate, dev = [], [], []
    for number, row in enumerate(table.rows):
        if number in quarantine and row["split"] != "dev":
            continue
        if row["split"] == "dev":
            dev.append(number)
        else:
            (calibrate if features.share("calibrate " + row["family"]) < 32 else fit).append(number)
    return np.array(fit), np.array(calibrate), np.array(dev)


def chunk_suspicion(table, fit, random, seed):
    """The n-gram baseline, and what it says of every chunk."""
    bad, good = [], []
    for row in fit:
        malicious = table.rows[row]["label"] == "malicious"
        numbers = list(table.chunks(row))
        if malicious:
            code = [n for n in numbers if table.role[n] in features.CODE] or numbers
            bad += [table.chunk(n) for n in code[:24]]
        else:
            good += [table.chunk(numbers[n]) for n in random.permutation(len(numbers))[:8]]
    model = ngrams.fit(bad, good, seed)
    every = [table.chunk(n) for n in range(len(table.role))]
    return model, ngrams.scores(model, every)


@jax.jit
def encode_block(weights, tokens, roles):
    return network.encode(weights, tokens, roles)


def encode(weights, chunks, roles):
    """Any number of chunks, in blocks."""
    out = np.zeros((len(chunks), network.HIDDEN), np.float32)
    for at in range(0, len(chunks), ENCODE):
        block = features.padded(chunks[at : at + ENCODE])
        count = len(block)
        block = np.pad(block, ((0, ENCODE - count), (0, 0)))
        role = np.pad(np.asarray(roles[at : at + ENCODE], np.int32), (0, ENCODE - count))
        out[at : at + count] = np.asarray(encode_block(weights, block, role))[:count]
    return out


class Sampler:
    """Draws the rows of a step: half of them malicious, as many of each family; of the benign ones near half are hard."""

    def __init__(self, table, fit, suspicion, known, random):
        self.table, self.suspicion, self.known, self.random = table, suspicion, known, random
        self.families = {}
        for row in fit:
            if table.rows[row]["label"] == "malicious":
                self.families.setdefault(table.rows[row]["family"], []).append(row)
        self.names = sorted(self.families)
        self.benign = np.array([row for row in fit if table.rows[row]["label"] == "benign"])
        of_pypi = [r for r in self.benign if table.rows[r]["ecosystem"] == "pypi" and table.rows[r]["mode"] == "new"]
        # The other side of the new malicious packages, which all are of PyPI.
        self.whole = np.array(of_pypi) if of_pypi else self.benign
        self.hosts = {
            name: np.array([r for r in self.benign if table.rows[r]["ecosystem"] == name and table.rows[r]["mode"] == "update"])
            for name in ("pypi", "npm", "cargo")
        }
        self.payloads = {row: attacks.payload_of(table, row, suspicion) for rows in self.families.values() for row in rows}
        self.mine()

    def mine(self):
        """The benign rows that look worst now."""
        worst = np.array([self.suspicion[self.table.first[r] : self.table.first[r + 1]].max() for r in self.benign])
        self.hard = self.benign[np.argsort(-worst)[: max(len(worst) // 10, 1)]]

    def choose(self, row, worst):
        """Of a row, its worst chunks and some at random."""
        numbers = np.arange(self.table.first[row], self.table.first[row + 1])
        if len(numbers) <= CHUNKS:
            return list(numbers)
        order = numbers[np.argsort(-self.suspicion[numbers])]
        rest = self.random.permutation(order[worst:])[: CHUNKS - worst]
        return list(order[:worst]) + list(rest)

    def malicious(self):
        random = self.random
        family = self.names[random.integers(len(self.names))]
        row = self.families[family][random.integers(len(self.families[family]))]
        if random.random() < 0.4:
            made = attacks.bag(self.table, row, self.choose(row, 4))
            of_payload = [n in self.payloads[row] for n in made.numbers]
            return self.furnished(made, of_payload) if random.random() < 0.5 else (made, of_payload)
        ecosystem = random.choice(["pypi", "npm", "cargo"], p=[0.5, 0.25, 0.25])
        host = self.hosts[ecosystem][random.integers(len(self.hosts[ecosystem]))]
        way = attacks.WAYS[random.choice(len(attacks.WAYS), p=[0.2, 0.2, 0.2, 0.12, 0.12, 0.12, 0.04])]
        payload = [self.table.chunk(n) for n in self.payloads[row]]
        made = attacks.attack(
            self.table, host, payload, family, way, random, attacks.draw_rewrite(random), self.known, self.choose(host, 1)[:3]
        )
        return made, [n < made.payload for n in range(len(made.chunks))]

    def furnished(self, made, of_payload):
        """With two chunks of a benign package. Three in ten of those ship tests and of the malicious ones hardly any, so that
        without this the roles alone would tell."""
        host = self.whole[self.random.integers(len(self.whole))]
        more = self.random.permutation(self.table.chunks(host))[:2]
        made.chunks = made.chunks[: CHUNKS - len(more)] + [self.table.chunk(n) for n in more]
        made.roles = made.roles[: CHUNKS - len(more)] + [int(self.table.role[n]) for n in more]
        return made, (of_payload[: CHUNKS - len(more)] + [False] * len(more))

    def blurred(self, tokens):
        """One word of ten is another one: no single name may carry a family."""
        words = (tokens >= WORDS) & (self.random.random(tokens.shape, np.float32) < 0.1)
        return np.where(words, self.random.integers(WORDS, network.VOCABULARY, tokens.shape, np.int32), tokens)

    def batch(self):
        tokens = np.zeros((ROWS, CHUNKS, features.CHUNK), np.int32)
        roles = np.zeros((ROWS, CHUNKS), np.int32)
        members = np.zeros((ROWS, CHUNKS), np.float32)
        facts = np.zeros((ROWS, features.FACTS), np.float32)
        label = np.zeros(ROWS, np.float32)
        does = np.zeros((ROWS, network.BEHAVIOURS), np.float32)
        for at in range(ROWS):
            if at < ROWS // 2:
                made, of_payload = self.malicious()
                label[at] = 1
                for chunk, role, is_payload in zip(made.chunks, made.roles, of_payload):
                    if is_payload:
                        does[at] = np.maximum(does[at], behaviours.label(chunk, role))
            else:
                rows = (self.hard, self.benign, self.whole)[self.random.choice(3, p=[0.45, 0.35, 0.2])]
                row = rows[self.random.integers(len(rows))]
                made = attacks.bag(self.table, row, self.choose(row, 3))
            count = min(len(made.chunks), CHUNKS)
            tokens[at, :count] = features.padded(made.chunks[:count])
            roles[at, :count], members[at, :count], facts[at] = made.roles[:count], 1, made.facts
        return self.blurred(tokens), roles, members, facts, label, does


def loss(weights, batch):
    tokens, roles, members, facts, label, does = batch
    encoded = network.encode(weights, tokens.reshape(-1, features.CHUNK), roles.reshape(-1)).reshape(ROWS, CHUNKS, -1)
    pool = jax.vmap(lambda e, m, f: network.pool(weights, e, m[None], f[None]))
    score, what, _ = pool(encoded, members, facts)
    main = optax.sigmoid_binary_cross_entropy(score[:, 0], label).mean()
    beside = (optax.sigmoid_binary_cross_entropy(what[:, 0], does) * label[:, None]).mean()
    small = sum((weights[name] ** 2).sum() for name in ("pooled", "facts"))
    return main + beside + 1e-3 * small


def fit_network(sampler, steps, seed, quiet=False):
    started = time.monotonic()
    weights = network.start(seed)
    schedule = optax.warmup_cosine_decay_schedule(0, 2e-3, steps // 20 + 1, steps, 1e-5)
    optimizer = optax.adamw(schedule, weight_decay=1e-4)
    state = optimizer.init(weights)

    @jax.jit
    def step(weights, state, batch):
        value, gradient = jax.value_and_grad(loss)(weights, batch)
        change, state = optimizer.update(gradient, state, weights)
        return optax.apply_updates(weights, change), state, value

    total = 0.0
    for number in range(1, steps + 1):
        weights, state, value = step(weights, state, sampler.batch())
        total += float(value)
        if not quiet and number % max(steps // 20, 1) == 0:
            print(f"  step {number} of {steps}, loss {total / max(steps // 20, 1):.4f}, {time.monotonic() - started:.0f} s", flush=True)
            total = 0.0
        if number in (steps // 3, steps * 2 // 3):
            table = sampler.table
            benign = np.concatenate([np.arange(table.first[r], table.first[r + 1]) for r in sampler.benign])
            numbers = sampler.random.permutation(benign)[:100_000]
            encoded = encode(weights, [table.chunk(n) for n in numbers], table.role[numbers])
            # What was not looked at counts as harmless for now.
            sampler.suspicion[benign] = -100
            sampler.suspicion[numbers] = (encoded @ np.asarray(weights["chunk"]))[:, 0]
            sampler.mine()
    return {name: np.asarray(value) for name, value in weights.items()}


def known_words(table, fit):
    """Words of languages and libraries: those that stand in one benign row of two hundred."""
    benign = [row for row in fit if table.rows[row]["label"] == "benign"]
    counts = np.zeros(network.VOCABULARY, np.int64)
    for row in benign:
        there = np.unique(table.tokens[table.start[table.first[row]] : table.start[table.first[row + 1]]])
        counts[there] += 1
    return counts * 200 > len(benign)


def revision():
    answer = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser(description="Trains the classifier.")
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--measured", nargs="*", default=[], help="sets whose packages are measured with and not learned from")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--before", nargs="+", help="the sets of the version before, for drift")
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", type=Path, help="measure and export these instead of fitting")
    asked = parser.parse_args()
    started, code = time.monotonic(), revision()
    random = np.random.default_rng(asked.seed)
    table = features.read(asked.sets + asked.measured)
    features.only_measured(table, len(asked.sets))
    found, quarantine = quality.report(table, asked.seed, features.read(asked.before) if asked.before else None)
    print(json.dumps(found, indent=1))
    asked.out.mkdir(parents=True, exist_ok=True)
    waiting = [{"row": table.rows[n], "reason": reason} for n, reason in sorted(quarantine.items())]
    (asked.out / "quarantine.jsonl").write_text("".join(json.dumps(one) + "\n" for one in waiting))
    fit, calibrate, dev = split(table, quarantine)
    print(f"{len(table.rows)} rows, {len(table.role)} chunks; fit {len(fit)}, calibrate {len(calibrate)}, dev {len(dev)}; {table.version}")
    baseline, suspicion = chunk_suspicion(table, fit, random, asked.seed)
    print(f"n-gram baseline fitted, {time.monotonic() - started:.0f} s", flush=True)
    known = known_words(table, fit)
    if asked.weights:
        weights = dict(np.load(asked.weights))
    else:
        sampler = Sampler(table, fit, suspicion.copy(), known, random)
        weights = fit_network(sampler, asked.steps, asked.seed)
        np.savez(asked.out / "weights.npz", **weights)
    report, about = measure.everything(table, fit, calibrate, dev, weights, encode, baseline, suspicion, known, asked.seed)
    report["quality"] = found
    about |= {"quality": found, "features": features.FEATURES, "behaviours": list(behaviours.NAMES), "dataset": table.version, "revision": code, "steps": asked.steps, "seed": asked.seed}
    export.write(asked.out / "classifier.onnx", weights, about)
    report["precision"] = precision.everything(asked.out / "classifier.onnx", table, asked.seed)
    (asked.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    (asked.out / "CARD.md").write_text(card.text(report, about))
    print(measure.text(report))
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
