"""Compares Lockgate's reading of SPDX expressions with the library `license-expression` and with truth tables.

Usage: compare_expressions.py ROWS     ROWS: Lockgate's example program `expression_rows`

Asked are every id of the library's list, expressions made up with a fixed seed, and pairs of expressions. The
library does not multiply out, so whether a pair says the same is judged by its truth table: both are made of
the library's parsed form. Exit code: 0 all agree or differ for a known reason, 1 not, 2 a program failed.
"""

import itertools
import random
import re
import sys

from table import Table, ask

SEED = 20260
BROKEN = ["", "()", "MIT OR", "OR MIT", "MIT MIT", "(MIT", "MIT)", "MIT/ISC", "NONE", "NOASSERTION", "Apache 2.0",
          "MIT WITH MIT", "(MIT) WITH LLVM-exception", "LLVM-exception", "MIT AND (ISC OR)", "MIT;ISC", "MIT WITH",
          "MIT WITH LLVM-exception WITH LLVM-exception", "GPL-2.0-only+", "MIT++", "AND", "MIT +", "MIT, ISC"]
IDS = ["MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "Zlib", "MPL-2.0", "GPL-2.0-only", "GPL-2.0-or-later", "LGPL-2.1+"]
ODD = ["mit", "GPL-2.0", "GPL-3.0+", "Apache-2.0+", "LicenseRef-own", "DocumentRef-d:LicenseRef-own", "No-Such-License"]
EXCEPTIONS = ["Classpath-exception-2.0", "LLVM-exception", "No-such-exception", "AdditionRef-own"]

# What SPDX has and the library has not, or the other way round: a pattern, and what both read alike in its place.
# A disagreement is of the class only if it is gone with the replacement.
CLASSES = {
    "reference": (r"(DocumentRef-[\w.-]+:)?LicenseRef-[\w.-]+", "MIT"),
    "reference of an exception": (r"AdditionRef-[\w.-]+", "LLVM-exception"),
    "or later": (r"(Apache-2\.0)\+", r"\1"),
    "operator": (r"\b(And|Or|With)\b", lambda found: found[0].upper()),
}
EXPLAINED = {
    "reference": "SPDX has them; the library knows its own references alone",
    "reference of an exception": "SPDX 3.0 has them; the library knows its own references alone",
    "or later": "SPDX has `id+` for every id without -only or -or-later; the library for GNU's alone",
    "operator": "SPDX 3.0.1 annex B: operators are all upper or all lower case; the library takes any",
    "empty": "the library finds no fault with nothing",
    "licence with an exception inside": "SPDX lists it as a licence, the library as an exception; Lockgate takes it alone",
}


def leaf(chance, odd):
    text = chance.choice(ODD if chance.random() < odd else IDS)
    if chance.random() < odd:
        text += f" WITH {chance.choice(EXCEPTIONS)}"
    return text


def expression(chance, depth, odd):
    """A made-up expression with at most 2^depth licences."""
    if depth == 0 or chance.random() < 0.25:
        return leaf(chance, odd)
    operator = chance.choice(["AND", "OR", "AND", "OR", "and", "or"])
    if chance.random() < odd / 5:
        operator = operator.title()
    sides = [expression(chance, depth - 1, odd) for _ in range(2)]
    return f" {operator} ".join(f"({side})" if " " in side and chance.random() < 0.7 else side for side in sides)


def faults(licensing, text):
    """What the library has against `text`; some inputs make it fail instead of answering."""
    try:
        return licensing.validate(text).errors
    except (AttributeError, IndexError, TypeError) as error:
        return [f"it fails: {error!r}"]


def neutral(text):
    """`text` without what only one side has, and the first class that was in it."""
    found = None
    for name, (pattern, replacement) in CLASSES.items():
        text, count = re.subn(pattern, replacement, text)
        found = found or (name if count else None)
    return text, found


def class_of(licensing, program, text):
    plain, name = neutral(text)
    if not text.strip():
        return "empty"
    holder = text.removeprefix("MIT WITH ")
    if holder != text and taken(program, holder):
        return "licence with an exception inside"
    return name if name and taken(program, plain) != bool(faults(licensing, plain)) else None


def taken(program, text):
    return ask([program], [{"expression": text}])[0]["strict"] is not None


def validity(table, licensing, program, check, texts):
    wrong = []
    for text, our in zip(texts, ask([program], [{"expression": text} for text in texts])):
        found = faults(licensing, text)
        if (our["strict"] is None) != bool(found):
            side = "refused by Lockgate alone" if our["strict"] is None else "taken by Lockgate alone"
            example = f"{text!r}: Lockgate {our['strict'] or our['error']}, peer {found}"
            wrong.append((class_of(licensing, program, text) or side, example))
    table.agreement(check, len(texts), wrong, EXPLAINED)


def holds(node, accepted):
    """Whether a parsed expression is fulfilled when the licences in `accepted` are taken."""
    name = type(node).__name__
    if name in ("AND", "OR"):
        return (all if name == "AND" else any)(holds(part, accepted) for part in node.args)
    return str(node) in accepted


def leaves(node):
    parts = node.args if type(node).__name__ in ("AND", "OR") else ()
    return set().union(*map(leaves, parts)) if parts else {str(node)}


def same(one, other):
    """Equal truth tables."""
    names = sorted(leaves(one) | leaves(other))
    for taken in itertools.product((False, True), repeat=len(names)):
        accepted = {name for name, is_taken in zip(names, taken) if is_taken}
        if holds(one, accepted) != holds(other, accepted):
            return False
    return True


def variant(chance, text, node):
    """Something that often says the same as `text`: absorbed, doubled, turned, or simplified by the library."""
    return chance.choice([
        f"({text}) OR (({text}) AND {leaf(chance, 0)})",
        f"({text}) AND ({text})",
        f"({text}) AND {leaf(chance, 0)}",
        str(node.simplify()),
        multiplied(node),
        expression(chance, 2, 0),
    ])


def multiplied(node):
    """The expression as alternatives: every choice of one alternative from each side of an AND."""
    def ways(part):
        if type(part).__name__ == "OR":
            return [way for each in part.args for way in ways(each)]
        if type(part).__name__ == "AND":
            return [sum(choice, []) for choice in itertools.product(*map(ways, part.args))]
        return [[str(part)]]
    return " OR ".join(f"({' AND '.join(way)})" for way in ways(node))


def equivalence(table, licensing, program):
    chance = random.Random(SEED + 1)
    pairs = []
    for _ in range(1500):
        text = expression(chance, 3, 0)
        pairs.append((text, variant(chance, text, licensing.parse(text))))
    ours = ask([program], [{"expression": one, "other": other} for one, other in pairs])
    wrong, not_expanded, equal = [], 0, 0
    for (one, other), our in zip(pairs, ours):
        left, right = licensing.parse(one), licensing.parse(other)
        expected = same(left, right)
        equal += expected
        not_expanded += expected != licensing.is_equivalent(left, right)
        if our["equivalent"] is not expected:
            wrong.append(("equivalence", f"{one!r} and {other!r}: Lockgate {our['equivalent']}, truth table {expected}"))
    table.agreement("licences: equivalence as truth tables", len(pairs), wrong)
    table.note(f"{equal} of the pairs are equivalent; license-expression alone misjudges {not_expanded}: "
               "it does not multiply out")


def meaning(table, licensing, program):
    """Lockgate's normal and simplified forms say what the text says, by the library's own reading."""
    chance = random.Random(SEED + 2)
    texts = [text for text in (expression(chance, 3, 0.1) for _ in range(1500)) if not faults(licensing, text)]
    answers = [(text, our) for text, our in zip(texts, ask([program], [{"expression": t} for t in texts])) if our["strict"]]
    wrong = []
    for text, our in answers:
        for form in ("strict", "simplified"):
            if our[form] is None or not same(licensing.parse(text), licensing.parse(our[form])):
                wrong.append((f"{form} form", f"{text!r}: Lockgate {our[form]!r}"))
    table.agreement("licences: normal forms keep the meaning", 2 * len(answers), wrong)


def compare(table, program):
    from license_expression import get_spdx_licensing

    licensing = get_spdx_licensing()
    known = sorted(key for key, symbol in licensing.known_symbols.items() if not key.startswith("LicenseRef-"))
    ids = [key if not licensing.known_symbols[key].is_exception else f"MIT WITH {key}" for key in known]
    validity(table, licensing, program, "licences: ids as license-expression", ids)
    chance = random.Random(SEED)
    texts = BROKEN + [expression(chance, 3, 0.12) for _ in range(3000)]
    validity(table, licensing, program, "licences: what is an expression", texts)
    meaning(table, licensing, program)
    equivalence(table, licensing, program)


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.splitlines()[2], file=sys.stderr)
        return 2
    table = Table()
    try:
        compare(table, arguments[0])
    except (OSError, RuntimeError, ValueError, KeyError, ImportError) as error:
        print(f"compare_expressions: {error}", file=sys.stderr)
        return 2
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
