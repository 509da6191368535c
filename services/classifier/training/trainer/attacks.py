"""Update attacks: a payload of a malicious package set into a benign update, in the ways attackers do it.

There are no malicious updates to be had with a clean version before them. They are made from the features of both, which
is what the extractor would have read: its tokens do not depend on what stands around them.
"""

from dataclasses import dataclass, field

import numpy as np

from .features import BUNDLE, CHUNK, CODE, ENTRY, INSTALL, MANIFEST, SOURCE
from .rewrites import KINDS, cut, rewrite
from .words import LINE, sequence

INSTALL_SCRIPT, BUILD_SCRIPT, START_FILE, DEPENDENCY, NATIVE, PACKED, HIDDEN, OPAQUE = range(8)
WAYS = ("setup.py", "__init__", "module", "install hook", "minified line", "build script", "native file")
WITHOUT_CODE = ("native file", "dependency")
"""Ways that leave no code of the payload in the package. Nothing is trained on the second: one new dependency looks like any."""


@dataclass
class Bag:
    """What a model looks at: chunks with their roles, facts, and where it comes from."""

    chunks: list
    roles: list
    facts: np.ndarray
    ecosystem: str
    mode: str
    malicious: bool
    family: str
    way: str = ""
    rewrite: str = ""
    payload: int = 0
    """How many of the first chunks are the payload's."""
    numbers: list = field(default_factory=list)
    """The other chunks in their table."""


def bag(table, row, chosen=None):
    """A row as it is; only the chunks `chosen`, if given."""
    numbers = table.chunks(row) if chosen is None else chosen
    meta = table.rows[row]
    return Bag(
        [table.chunk(n) for n in numbers],
        [int(table.role[n]) for n in numbers],
        table.facts[row],
        meta["ecosystem"],
        meta["mode"],
        meta["label"] == "malicious",
        meta["family"],
        numbers=list(numbers),
    )


def payload_of(table, row, suspicion, most=3):
    """The chunks of a malicious package that the n-gram model finds worst, and those beside it that it finds bad too."""
    numbers = [n for n in table.chunks(row) if table.role[n] in CODE] or list(table.chunks(row))
    worst = max(numbers, key=lambda n: suspicion[n])
    chosen = [worst]
    for step in (1, -1):
        near = worst + step
        while near in numbers and len(chosen) < most and table.role[near] == table.role[worst] and suspicion[near] > 0:
            chosen.append(near)
            near += step
    return sorted(chosen)


def attack(table, host, payload, family, way, random, rewrites=None, known=None, host_chunks=None):
    """The row `host`, with a payload (a list of token arrays) put into it."""
    made = bag(table, host, host_chunks)
    made.malicious, made.family, made.way = True, family, way
    facts = made.facts.copy()
    padding = [c for c, role in zip(made.chunks, made.roles) if role in CODE] or made.chunks
    if rewrites:
        payload = rewrite(rewrites, payload, padding, random, known)
        made.rewrite = rewrites
    role = {"setup.py": INSTALL, "build script": INSTALL, "install hook": INSTALL, "__init__": ENTRY}.get(way, SOURCE)
    if way in ("setup.py", "build script"):
        facts[BUILD_SCRIPT] = 1
    if way == "install hook":
        facts[INSTALL_SCRIPT] = 1
    if way == "native file":
        # What the code does lies in the file; what stays is what loads it.
        forms = [
            "import ctypes | ctypes . CDLL ( '' ) . run ( )",
            "import os , subprocess | subprocess . Popen ( [ os . path . join ( '' , '' ) ] )",
            "const { spawn } = require ( '' ) | spawn ( path . join ( __dirname , '' ) , { detached : true } ) . unref ( )",
            "std : : process : : Command : : new ( '' ) . spawn ( )",
        ]
        payload = cut(sequence(forms[random.integers(len(forms))]) + [LINE])
        facts[NATIVE] = 1
    if way == "dependency":
        # What the code does lies in another package, which is judged for itself; what stays is its name.
        role, form = {
            "pypi": (INSTALL, "install_requires = [ '' , '' ] |"),
            "npm": (MANIFEST, "'' : '' , |"),
            "cargo": (MANIFEST, "name = '' |"),
        }[made.ecosystem]
        payload = cut(sequence(form))
        facts[DEPENDENCY] = 1
    if way == "minified line":
        role = BUNDLE
        around = padding[random.integers(len(padding))]
        around = around[around != LINE]
        flat = np.concatenate(payload)
        flat = flat[flat != LINE]
        half = min(len(around) // 2, CHUNK // 4)
        payload = cut(np.concatenate([around[:half], flat, around[half : 2 * half]]))
    if way == "__init__" and len(payload[0]) < CHUNK // 2:
        # A few lines among others of the same file.
        beside = padding[random.integers(len(padding))][: CHUNK - len(payload[0])]
        payload = [np.concatenate([beside, payload[0]])] + list(payload[1:])
    made.chunks = list(payload) + made.chunks
    made.roles = [role] * len(payload) + made.roles
    made.facts, made.mode, made.payload = facts, "update", len(payload)
    return made


def draw_rewrite(random):
    """Half of the payloads stay as they are; padding is the rewrite that is hardest to see through."""
    if random.random() < 0.5:
        return None
    return "padded" if random.random() < 0.4 else list(KINDS)[random.integers(len(KINDS))]
