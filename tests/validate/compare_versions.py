"""Compares Lockgate's version orders and ranges with those of the ecosystems' own libraries.

Usage: compare_versions.py npm ROWS SEMVER LOCKFILE     SEMVER: the folder of npm's semver library
       compare_versions.py npm-fixtures ROWS CHECKOUT   CHECKOUT: that library's repository
       compare_versions.py pypi ROWS LOCKFILE           against the library `packaging`

ROWS is Lockgate's example program `version_rows`. The questions are made up by a generator with a fixed seed,
so every run asks the same, and taken from LOCKFILE. Exit code: 0 all agree, 1 not, 2 a program failed.
"""

import json
import random
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

from generate_versions import npm_range, npm_version, pypi_specifiers, pypi_version
from table import Table, ask

SEED = 20260
PEER = str(Path(__file__).with_name("semver_peer.js"))

LOOSE = "read loosely"
SIGN = "sign that strict semver refuses"
HUGE = "number above 2^53 - 1"
NO_VERSION = "no version"
# Classes of disagreement that are meant, and why.
EXPLAINED = {
    LOOSE: "strict semver refuses it; Lockgate then reads loosely, as npm's clients do, and answers as loose semver",
    # Both spellings: a gap inside the sign, and a sign before a hyphen range.
    SIGN: "of `> = v1` and `= v1 - 2` loose semver drops the sign, which leaves a pin; Lockgate reads it as written",
    HUGE: "a gap: semver refuses the whole range, Lockgate when it reads loosely leaves out the part with the number",
    NO_VERSION: "packaging says of what is no version that no range holds it; Lockgate says that it cannot tell",
}
SIGNS = re.compile(r"[<>]\s+=|(^|\|\|)\s*=\s*v?[\w.+-]+\s+-\s")


def question(op, ecosystem, a, b, **options):
    return {"op": op, "ecosystem": ecosystem, "a": a, "b": b, **options}


def disagreements(rows, ours, theirs, known):
    """Where the answers differ; two refusals agree whatever they say. `known` names the class, or says None."""
    for row, our, their in zip(rows, ours, theirs):
        if our.get("answer") == their.get("answer"):
            continue
        kind = "refused by Lockgate alone" if "error" in our else "taken by Lockgate alone"
        kind = "answered differently" if "answer" in our and "answer" in their else kind
        yield known(row, our, their) or f"{row['op']} {kind}", f"{json.dumps(row)}: Lockgate {our}, peer {their}"


def compare(table, check, rows, program, theirs, known):
    """One row of the table, which also says how many questions both refuse, lest they are most of them."""
    ours = ask([program], rows)
    table.agreement(check, len(rows), list(disagreements(rows, ours, theirs, known)), EXPLAINED)
    refused = sum("error" in our and "error" in their for our, their in zip(ours, theirs))
    if refused:
        table.note(f"{refused} of them refused by both")


def npm(table, program, semver, lockfile):
    chance = random.Random(SEED)
    ranges = []
    for _ in range(4000):
        text, loose, pre = npm_range(chance), chance.random() < 0.2, chance.random() < 0.3
        for _ in range(3):
            ranges.append(question("range", "npm", text, npm_version(chance), loose=loose, include_prerelease=pre))
    orders = [
        question("cmp", "npm", npm_version(chance), npm_version(chance), loose=chance.random() < 0.2)
        for _ in range(4000)
    ]
    for check, rows in (
        ("npm: generated ranges as npm's semver", ranges),
        ("npm: generated orders as npm's semver", orders),
        ("npm: the lockfile's ranges as npm's semver", npm_lockfile(lockfile)),
    ):
        peer = ["node", PEER, semver]
        loosely = ask(peer, [{**row, "fallback": True} for row in rows])
        known = partial(npm_class, {json.dumps(row): answer for row, answer in zip(rows, loosely)})
        compare(table, check, rows, program, ask(peer, rows), known)


def npm_class(loosely, row, our, their):
    """The known class of a disagreement; `loosely` has the peer's answers where it may read loosely, too."""
    if "error" not in their or "error" in our:
        return None
    plain = not row.get("loose") and not row.get("include_prerelease")
    if plain and loosely[json.dumps(row)] == our:
        return LOOSE
    if row["op"] == "range" and SIGNS.search(row["a"]):
        return SIGN
    numbers = [int(digits) for digits in re.findall(r"\d+", row["a"])]
    return HUGE if row["op"] == "range" and max(numbers, default=0) >= 2**53 else None


def npm_lockfile(path):
    """Every range that a package of the lockfile states, with every version of that name in it."""
    packages = json.loads(Path(path).read_text(encoding="utf-8"))["packages"]
    versions, ranges = {}, set()
    for place, package in packages.items():
        versions.setdefault(package.get("name") or place.rpartition("node_modules/")[2], set()).add(package["version"])
        for field in ("dependencies", "peerDependencies", "optionalDependencies", "devDependencies"):
            ranges.update(package.get(field, {}).items())
    return [
        question("range", "npm", text, version)
        for name, text in sorted(ranges)
        for version in sorted(versions.get(name, ()))
    ]


def npm_fixtures(table, program, checkout):
    text = subprocess.run(["node", PEER, "--fixtures", checkout], capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in text.splitlines()]
    for group, check in (("range", "npm: semver's range fixtures"), ("cmp", "npm: semver's order fixtures")):
        chosen = [row for row in rows if row["group"] == group]
        questions = [row["question"] for row in chosen]
        wrong = []
        for row, our in zip(chosen, ask([program], questions)):
            # The fixtures say of what is no version or no range that it does not satisfy.
            found = False if group == "range" and "error" in our else our.get("answer")
            if found != row["expected"]:
                wrong.append((group, f"{json.dumps(row)}: Lockgate {our}"))
        table.agreement(check, len(questions), wrong)


def pypi(table, program, lockfile):
    import tomllib

    chance = random.Random(SEED)
    orders = [question("cmp", "pypi", pypi_version(chance), pypi_version(chance)) for _ in range(6000)]
    ranges = []
    for _ in range(3000):
        text = pypi_specifiers(chance)
        ranges += [question("range", "pypi", text, pypi_version(chance)) for _ in range(3)]
    packages = tomllib.loads(Path(lockfile).read_text(encoding="utf-8"))["package"]
    real = sorted({package["version"] for package in packages if "version" in package})
    neighbours = [question("cmp", "pypi", one, chance.choice(real)) for one in real for _ in range(5)]
    for check, rows in (
        ("PyPI: generated orders as packaging", orders),
        ("PyPI: generated specifiers as packaging", ranges),
        ("PyPI: orders of the lockfile's versions", neighbours),
    ):
        compare(table, check, rows, program, [by_packaging(row) for row in rows], no_version)


def by_packaging(row):
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        if row["op"] == "range":
            # Lockgate asks whether an advisory's range covers a release, so pre-releases count.
            return {"answer": SpecifierSet(row["a"]).contains(row["b"], prereleases=True)}
        a, b = Version(row["a"]), Version(row["b"])
        return {"answer": "<" if a < b else ">" if a > b else "="}
    except (InvalidSpecifier, InvalidVersion) as error:
        return {"error": str(error)}


def no_version(row, our, their):
    from packaging.version import InvalidVersion, Version

    try:
        Version(row["b"])
    except InvalidVersion:
        return NO_VERSION if row["op"] == "range" and "error" in our and their == {"answer": False} else None
    return None


CHECKS = {"npm": (npm, 3), "npm-fixtures": (npm_fixtures, 2), "pypi": (pypi, 2)}


def main(arguments):
    check, count = CHECKS.get(arguments[0] if arguments else "", (None, 0))
    if check is None or len(arguments) != count + 1:
        print("\n".join(__doc__.splitlines()[2:5]), file=sys.stderr)
        return 2
    table = Table()
    try:
        check(table, *arguments[1:])
    except (OSError, RuntimeError, ValueError, KeyError, ImportError, subprocess.CalledProcessError) as error:
        print(f"compare_versions: {arguments[0]}: {error}", file=sys.stderr)
        return 2
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
