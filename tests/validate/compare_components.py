"""Compares the components that Lockgate finds with those that the ecosystem's own client lists.

Usage: compare_components.py npm|pypi|cargo LOCKGATE PROJECT SBOM... [-- CLIENT]

PROJECT is a folder with the ecosystem's lockfile, CLIENT the client's program where it is not on the path.
For cargo the client reads the manifests, so PROJECT is the workspace itself. Each SBOM was made of the same
lockfile. Exit code: 0 the sets are the same, 1 they are not, 2 a program failed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from table import Table

LOCKFILES = {"npm": "package-lock.json", "pypi": "uv.lock", "cargo": "Cargo.lock"}
COMMANDS = {
    "npm": ["npm", "query", "*", "--package-lock-only"],
    "pypi": "uv export --frozen --format requirements-txt --all-groups --all-extras"
    " --no-hashes --no-annotate --no-header --no-emit-project".split(),
    "cargo": ["cargo", "metadata", "--locked", "--format-version", "1"],
}
WANTED = 500


def output(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed in {folder}: {done.stderr[-500:]}")
    return done.stdout


def of_client(ecosystem, client, folder):
    """What the client lists, as a set of name and version."""
    command = COMMANDS[ecosystem]
    text = output([client or command[0], *command[1:]], folder)
    if ecosystem == "pypi":
        # Lines of a universal resolution: `name[extra]==version ; marker`, a name once for each fork.
        pins = re.findall(r"^([^\s=;\[]+)(?:\[[^\]]*\])?==([^\s;]+)", text, re.MULTILINE)
        others = [line for line in text.splitlines() if line and "==" not in line.split(";")[0]]
        return set(pins) | {(line, "no version") for line in others}
    listed = json.loads(text)
    packages = listed["packages"] if ecosystem == "cargo" else listed
    return {(p["name"], p["version"]) for p in packages}


def of_lockfile(lockgate, path):
    rows = json.loads(output([lockgate, "lock", str(path), "--format", "json"], path.parent))
    return {(row["name"], row["version"]) for row in rows}


def of_sbom(path):
    """The components of a document by their purls, or by name and version where they are no registry's."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if "components" in document:
        rows = [(c.get("purl"), c["name"], c["version"]) for c in document["components"]]
    else:
        subject = set(document.get("documentDescribes", [])) | {
            r["relatedSpdxElement"] for r in document.get("relationships", []) if r["relationshipType"] == "DESCRIBES"
        }
        packages = [p for p in document["packages"] if p["SPDXID"] not in subject]
        rows = [(purl_of(p), p["name"], p.get("versionInfo")) for p in packages]
    return {from_purl(purl) if purl else (name, version) for purl, name, version in rows}


def purl_of(package):
    references = package.get("externalRefs", [])
    return next((r["referenceLocator"] for r in references if r["referenceType"] == "purl"), None)


def from_purl(purl):
    """Name with its scope, and version."""
    bare = purl.split("?")[0].split("#")[0].split("/", 1)[1]
    return tuple(unquote(part) for part in bare.rsplit("@", 1))


def root_of(ecosystem, folder):
    """The project's own entry, which one side lists and the other leaves out; cargo's members are on both."""
    if ecosystem == "npm":
        manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    elif ecosystem == "pypi":
        import tomllib

        manifest = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    else:
        return set()
    return {(manifest["name"], manifest["version"])}


def compare(table, check, ours, theirs):
    table.row(ours == theirs and len(ours) >= WANTED, check, f"{len(ours & theirs)} of {len(ours | theirs)} the same")
    for who, only in (("Lockgate alone", ours - theirs), ("the other alone", theirs - ours)):
        if only:
            table.note(f"{who}: {', '.join('@'.join(one) for one in sorted(only)[:10])} ({len(only)})")


def main(arguments):
    names, client = (arguments[: arguments.index("--")], arguments[-1]) if "--" in arguments else (arguments, None)
    if len(names) < 3 or names[0] not in COMMANDS:
        print(__doc__.splitlines()[2], file=sys.stderr)
        return 2
    ecosystem, lockgate, folder = names[0], names[1], Path(names[2])
    table = Table()
    try:
        root = root_of(ecosystem, folder)
        ours = of_lockfile(lockgate, folder / LOCKFILES[ecosystem]) - root
        command = " ".join(COMMANDS[ecosystem][:2])
        compare(table, f"{ecosystem}: components as `{command}`", ours, of_client(ecosystem, client, folder) - root)
        for sbom in map(Path, names[3:]):
            kind = "CycloneDX" if sbom.name.endswith(".cdx.json") else "SPDX"
            compare(table, f"{ecosystem}: {kind} names the lockfile's components", of_sbom(sbom) - root, ours)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        print(f"compare_components: {ecosystem}: {error}", file=sys.stderr)
        return 2
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
