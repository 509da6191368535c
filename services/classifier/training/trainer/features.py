"""Reads what the builder of data sets wrote (`rows.jsonl`, `features.bin`) into flat arrays."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FEATURES = 2
"""The version of the extractor whose features these programs understand."""
CHUNK = 256
FACTS = 8
INSTALL, MANIFEST, ENTRY, SOURCE, BUNDLE, TEST, DOCUMENT, OTHER = range(8)
CODE = (INSTALL, ENTRY, SOURCE, BUNDLE)


@dataclass
class Table:
    """Rows of several sets. `tokens` is flat; chunk `c` is `tokens[start[c]:start[c + 1]]`, row `r` has the chunks
    `first[r]` to `first[r + 1]`."""

    rows: list
    tokens: np.ndarray
    start: np.ndarray
    role: np.ndarray
    first: np.ndarray
    facts: np.ndarray
    version: str
    ends: list
    """How many rows there are after each set."""

    def chunk(self, number):
        return self.tokens[self.start[number] : self.start[number + 1]]

    def chunks(self, row):
        return range(self.first[row], self.first[row + 1])

    def where(self, **wanted):
        """Numbers of the rows that have these values."""
        return np.array(
            [n for n, row in enumerate(self.rows) if all(row[key] == value for key, value in wanted.items())], dtype=np.int64
        )


def read(folders):
    """The sets in `folders` as one table. A row whose features are not those that it states is an error; one that stands in
    an earlier set with the same features and label is left out."""
    seen = set()
    rows, tokens, starts, roles, firsts, facts, digests, ends = [], [], [0], [], [0], [], [], []
    reached = 0
    for folder in map(Path, folders):
        lines = (folder / "rows.jsonl").read_bytes().splitlines()
        data = (folder / "features.bin").read_bytes()
        for line in lines:
            row = json.loads(line)
            part = data[row["offset"] : row["offset"] + row["length"]]
            if hashlib.sha256(part).hexdigest() != row["features_sha256"]:
                raise ValueError(f"{folder}: the features of {row['name']} {row['version']} are not those of its row; build the set again")
            if (row["features_sha256"], row["label"]) in seen:
                continue
            seen.add((row["features_sha256"], row["label"]))
            rows.append(row)
            digests.append(hashlib.sha256(line).hexdigest())
            words = np.frombuffer(part, dtype=np.uint8)
            bits, count = int.from_bytes(part[:2], "little"), int.from_bytes(part[2:4], "little")
            facts.append([bits >> number & 1 for number in range(FACTS)])
            at = 4
            for _ in range(count):
                length = int(words[at + 1]) | int(words[at + 2]) << 8
                roles.append(words[at])
                tokens.append(words[at + 3 : at + 3 + 2 * length])
                at += 3 + 2 * length
                reached += int(length)
                starts.append(reached)
            firsts.append(len(roles))
        ends.append(len(rows))
    version = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
    return Table(
        rows,
        np.concatenate(tokens).view("<u2"),
        np.array(starts, dtype=np.int64),
        np.array(roles, dtype=np.uint8),
        np.array(firsts, dtype=np.int64),
        np.array(facts, dtype=np.float32),
        f"sha256:{version}",
        ends,
    )


def only_measured(table, sets):
    """The packages of all sets but the first `sets` are for measuring, both halves of them; one of which the first sets have
    rows as well stays in the half that it is in."""
    first = table.ends[sets - 1]
    known = {row["family"] for row in table.rows[:first]}
    for row in table.rows[first:]:
        if row["family"] not in known:
            row["split"] = "dev"


def padded(chunks):
    """Chunks as one array of `CHUNK` columns, filled up with 0."""
    array = np.zeros((len(chunks), CHUNK), dtype=np.int32)
    for number, chunk in enumerate(chunks):
        array[number, : len(chunk)] = chunk
    return array


def share(text):
    """0 to 255, the same for ever: who belongs to which part."""
    return hashlib.sha256(text.encode()).digest()[0]
