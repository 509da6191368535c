"""How an author of malware writes the same payload again, done to its tokens: for training, and to measure robustness.

A payload is a list of chunks (arrays of tokens); so is the answer. Everything is drawn from `random`.
"""

import numpy as np

from .features import CHUNK
from .words import LINE, STRING, STRING_END, VOCABULARY, WORDS, sequence

PLUS = ord("+")


def cut(tokens):
    """Tokens as chunks."""
    tokens = np.asarray(tokens, dtype=np.uint16)
    return [tokens[at : at + CHUNK] for at in range(0, max(len(tokens), 1), CHUNK)]


def lines(tokens):
    """Tokens of each line, its end included."""
    return [part for part in np.split(tokens, np.flatnonzero(tokens == LINE) + 1) if len(part)]


def encoded(payload, padding, random):
    """All of it within one string that is decoded and run."""
    forms = [
        "import base64 | exec ( base64 . b64decode ( # ) )",
        "import base64 as b , zlib | exec ( zlib . decompress ( b . b64decode ( # ) ) )",
        "exec ( __import__ ( '' ) . b64decode ( # ) . decode ( '' ) )",
        "import codecs | code = codecs . decode ( # , '' ) | eval ( compile ( code , '' , '' ) )",
    ]
    return cut(sequence(forms[random.integers(len(forms))]) + [LINE])


def split_strings(payload, padding, random):
    """Strings in two, and the words at the cut are words no more."""
    out = []
    for chunk in payload:
        tokens, inside = [], False
        for token in chunk:
            if STRING <= token < STRING + 8:
                inside = True
            elif token == STRING_END:
                inside = False
            if inside and token >= WORDS and random.random() < 0.5:
                halves = random.integers(WORDS, VOCABULARY, 2)
                tokens += [halves[0], STRING_END, PLUS, STRING, halves[1]]
            else:
                tokens.append(token)
        out += cut(tokens)
    return out


def renamed(payload, padding, random, known=None):
    """Words of no language or library stand for others."""
    if known is None:
        return payload
    other = np.arange(VOCABULARY, dtype=np.uint16)
    names = np.flatnonzero(~known)
    names = names[names >= WORDS]
    other[names] = random.integers(WORDS, VOCABULARY, len(names))
    return [other[chunk] for chunk in payload]


def reordered(payload, padding, random):
    """Chunks, and stretches of lines within them, in another order."""
    out = []
    for chunk in payload:
        parts = lines(chunk)
        parts = [parts[at : at + 5] for at in range(0, len(parts), 5)]
        out.append(np.concatenate([line for part in random.permutation(len(parts)) for line in parts[part]]))
    return [out[at] for at in random.permutation(len(out))]


def minified(payload, padding, random):
    """One line."""
    tokens = np.concatenate(payload)
    return cut(tokens[tokens != LINE])


def diluted(payload, padding, random):
    """Benign lines between its own."""
    tokens = []
    benign = lines(np.concatenate(padding))
    for line in lines(np.concatenate(payload)):
        tokens += list(line)
        for _ in range(random.integers(0, 3)):
            tokens += list(benign[random.integers(len(benign))])
    return cut(tokens)


KINDS = {
    "base64": encoded,
    "split strings": split_strings,
    "renamed": renamed,
    "reordered": reordered,
    "minified": minified,
    "padded": diluted,
}


def rewrite(kind, payload, padding, random, known):
    if kind == "renamed":
        return renamed(payload, padding, random, known)
    return KINDS[kind](payload, padding, random)
