"""A tiny data set, made here, goes the whole way: read, trained on, measured, exported. Nothing of it is from a package."""

import hashlib
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

from trainer import attacks, export, features, measure, network, precision, quality, rewrites, train, words


SOURCED = {"artifact_sha256": "0" * 64, "label_source": "made here"}


def write_set(folder, rows):
    """`rows`: of each what it is, its facts as bits, and its chunks (role, tokens)."""
    folder.mkdir()
    lines, data = [], b""
    for meta, facts, chunks in rows:
        part = facts.to_bytes(2, "little") + len(chunks).to_bytes(2, "little")
        for role, tokens in chunks:
            part += bytes([role]) + len(tokens).to_bytes(2, "little") + np.array(tokens, "<u2").tobytes()
        row = meta | {"offset": len(data), "length": len(part), "features_sha256": hashlib.sha256(part).hexdigest()}
        lines.append(json.dumps(row))
        data += part
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "features.bin").write_bytes(data)


def tiny(folder):
    """Benign chunks draw from some words, malicious ones from others too."""
    random = np.random.default_rng(7)
    draw = lambda low, high, size: [int(t) for t in random.integers(low, high, size)] + [words.LINE]
    rows = []
    for number in range(80):
        for ecosystem in ("pypi", "npm", "cargo"):
            name = f"{ecosystem}-{number}"
            for mode in ("new", "update"):
                meta = {"ecosystem": ecosystem, "name": name, "version": "1", "label": "benign", "mode": mode}
                meta |= SOURCED
                meta |= {"family": name, "split": "dev" if number % 2 else "train"}
                rows.append((meta, 0, [(features.SOURCE, draw(300, 900, random.integers(5, 40))) for _ in range(random.integers(1, 5))]))
    for number in range(45):
        meta = {"ecosystem": "pypi", "name": f"bad-{number}", "version": "1", "label": "malicious", "mode": "new"} | SOURCED
        meta |= {"family": f"f{number}", "split": "dev" if number % 3 == 0 else "train"}
        chunks = [(features.INSTALL, draw(300, 900, 10) + draw(1000, 1100, 30)), (features.SOURCE, draw(300, 900, 20))]
        rows.append((meta, 2, chunks))
    write_set(folder, rows)


def trained(folder):
    random = np.random.default_rng(1)
    table = features.read([folder])
    fit, calibrate, dev = train.split(table)
    baseline, suspicion = train.chunk_suspicion(table, fit, random, 1)
    known = train.known_words(table, fit)
    weights = train.fit_network(train.Sampler(table, fit, suspicion.copy(), known, random), 16, 1, quiet=True)
    report, about = measure.everything(table, fit, calibrate, dev, weights, train.encode, baseline, suspicion, known, 1)
    return weights, report, about


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        tiny(cls.path / "tiny")
        cls.weights, cls.report, cls.about = trained(cls.path / "tiny")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_measured_set_is_not_learned_from(self):
        of = lambda name, split: ({"ecosystem": "pypi", "name": name, "label": "benign", "mode": "new", "family": name, "split": split}, 0, [(features.SOURCE, [300 + len(name)])])
        write_set(self.path / "first", [of("known", "train"), of("seen", "dev")])
        write_set(self.path / "second", [of("known-too", "train"), ({**of("known", "train")[0], "version": "2"}, 1, [(features.SOURCE, [301])])])
        table = features.read([self.path / "first", self.path / "second"])
        features.only_measured(table, 1)
        self.assertEqual([(row["name"], row["split"]) for row in table.rows], [("known", "train"), ("seen", "dev"), ("known-too", "dev"), ("known", "train")])

    def test_the_same_seed_gives_the_same_model_and_figures(self):
        weights, report, about = trained(self.path / "tiny")
        self.assertEqual((report, about), (self.report, self.about))
        for name, value in weights.items():
            np.testing.assert_array_equal(value, self.weights[name], err_msg=name)

    def test_it_learns(self):
        self.assertGreater(self.report["pypi"]["updates at 1%"]["recall"], 0.5)
        self.assertEqual(self.report["npm"]["evidence"], "synthetic evidence only")

    def test_what_is_exported_answers_as_what_was_trained(self):
        import onnxruntime

        path = self.path / "classifier.onnx"
        export.write(path, self.weights, self.about)
        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), path.with_suffix(".onnx.sha256").read_text().strip())
        session = onnxruntime.InferenceSession(path)
        random = np.random.default_rng(3)
        tokens = random.integers(1, words.VOCABULARY, (12, features.CHUNK)).astype(np.int32)
        tokens[:, 100:] = 0
        roles = random.integers(0, 8, 12).astype(np.int32)
        members = (random.random((5, 12)) < 0.5).astype(np.float32)
        members[2] = 0
        facts = (random.random((5, features.FACTS)) < 0.5).astype(np.float32)
        found = session.run(None, {"tokens": tokens, "roles": roles, "members": members, "facts": facts})
        expected = network.pool(self.weights, network.encode(self.weights, tokens, roles), members, facts)
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, np.asarray(other), atol=1e-4)
        # The pooling that measures is the same one.
        encoded = np.asarray(network.encode(self.weights, tokens, roles))
        alone = measure.pool(self.weights, encoded[members[0] > 0], facts[0])
        self.assertAlmostEqual(alone, float(found[0][0]), places=4)

    def test_fewer_bits_answer_nearly_the_same(self):
        path = self.path / "fewer.onnx"
        export.write(path, self.weights, self.about)
        table = features.read([self.path / "tiny"])
        found = precision.everything(path, table)
        self.assertEqual(sorted(found), ["fp16", "int8"])
        for name, one in found.items():
            self.assertGreater(one["rows"], 100, name)
            self.assertLess(one["most"], 0.5, name)
            self.assertGreater(one["most"], 0, "it is the same model")
            made = path.with_suffix(f".{name}.onnx")
            self.assertLess(made.stat().st_size, 0.6 * path.stat().st_size)
            self.assertEqual(hashlib.sha256(made.read_bytes()).hexdigest(), made.with_name(made.name + ".sha256").read_text().strip())
        again = precision.everything(path, table)
        self.assertEqual(found, again)

    def test_features_of_another_row_are_refused(self):
        folder = self.path / "altered"
        tiny(folder)
        data = bytearray((folder / "features.bin").read_bytes())
        data[9] ^= 1
        (folder / "features.bin").write_bytes(data)
        with self.assertRaisesRegex(ValueError, "build the set again"):
            features.read([folder])


class Poison(unittest.TestCase):
    """A batch of flipped labels and copies stops in quarantine; the rest does not."""

    def test_it_is_caught(self):
        with tempfile.TemporaryDirectory() as folder:
            tiny(Path(folder) / "tiny")
            lines = (Path(folder) / "tiny/rows.jsonl").read_text().splitlines()
            rows = [json.loads(line) for line in lines]
            benign = [n for n, row in enumerate(rows) if row["label"] == "benign" and row["ecosystem"] == "pypi"]
            malicious = [n for n, row in enumerate(rows) if row["label"] == "malicious"]
            poisoned = set(malicious[:8])
            for number in malicious[:8]:
                rows[number]["label"] = "benign"
            # The same code once more, said to be malicious.
            for number in benign[:8]:
                poisoned.add(len(rows))
                rows.append(rows[number] | {"label": "malicious", "family": "poison", "name": f"copy-{number}"})
            (Path(folder) / "tiny/rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
            found, quarantine = quality.report(features.read([Path(folder) / "tiny"]))
            caught = len(poisoned & set(quarantine))
            self.assertGreaterEqual(caught, 14, found)
            self.assertLessEqual(len(set(quarantine) - poisoned), 45, found)
            self.assertEqual(found["label conflicts"], 8)

    def test_drift_is_a_number(self):
        random = np.random.default_rng(1)
        same = quality.stability(random.normal(size=4000), random.normal(size=4000))
        other = quality.stability(random.normal(size=4000), random.normal(1, 1, size=4000))
        self.assertLess(same, 0.1)
        self.assertGreater(other, 0.25)


class Attacks(unittest.TestCase):
    def test_every_rewrite_stays_within_the_extractors_bounds(self):
        random = np.random.default_rng(2)
        known = np.zeros(words.VOCABULARY, bool)
        payload = [np.array(words.sequence("import os | os . system ( '' ) |") * 20, np.uint16)[: features.CHUNK]]
        for kind in rewrites.KINDS:
            made = rewrites.rewrite(kind, payload, payload, random, known)
            for chunk in made:
                self.assertTrue(1 <= len(chunk) <= features.CHUNK, kind)
                self.assertTrue((np.asarray(chunk) < words.VOCABULARY).all(), kind)

    def test_words_have_the_extractors_tokens(self):
        # `cargo test -p lockgate-classifier` holds the same numbers.
        self.assertEqual([words.word(w) for w in ("subprocess", "exec", "")], [PINNED[w] for w in ("subprocess", "exec", "")])


PINNED = {"subprocess": 12511, "exec": 6231, "": 7641}

if __name__ == "__main__":
    unittest.main()
