"""GuardDog beside `lockgate score`: how fast, and how many benign packages it flags; the same archives in the same run.

    python -m trainer.guarddog --lockgate PROGRAM --guarddog PYTHON [--updates] ARCHIVE.tar.gz...

GuardDog reads unpacked packages, so these are unpacked into a temporary folder: benign ones of PyPI only. PYTHON is that of an
environment with guarddog in it. Its source rules are run in one process, without its metadata rules, which ask the network.
"""

import argparse
import json
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

SCAN = """
import json, sys, time
from guarddog.scanners import PypiPackageScanner
scanner = PypiPackageScanner()
folders = json.load(sys.stdin)
scanner.scan_local(folders[0])
for folder in folders:
    started = time.perf_counter()
    found = scanner.scan_local(folder)
    risk = found["risk_score"]
    print("SCANNED " + json.dumps({"seconds": time.perf_counter() - started, "score": risk["score"], "label": risk["label"]}), flush=True)
"""


def guarddog(python, archives):
    """Seconds and verdict of each; what it does once is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        folders = []
        for number, archive in enumerate(archives):
            folders.append(str(Path(folder) / str(number)))
            with tarfile.open(archive) as opened:
                opened.extractall(folders[-1], filter="data")
        answer = subprocess.run([python, "-c", SCAN], input=json.dumps(folders), capture_output=True, text=True, check=True)
    lines = [line for line in answer.stdout.splitlines() if line.startswith("SCANNED ")]
    return [json.loads(line.removeprefix("SCANNED ")) for line in lines]


def lockgate(program, pairs):
    """Seconds for all, start and loading included, and the answers."""
    place = lambda archive: archive and str(Path(archive).resolve())
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as wanted:
        for old, new in pairs:
            wanted.write(json.dumps({"ecosystem": "pypi", "old": place(old), "new": place(new)}) + "\n")
        wanted.flush()
        started = time.perf_counter()
        answer = subprocess.run([program, "score", "--list", wanted.name], capture_output=True, text=True, check=True)
        return time.perf_counter() - started, [json.loads(line) for line in answer.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description="GuardDog beside lockgate score, on benign archives.")
    parser.add_argument("--lockgate", required=True)
    parser.add_argument("--guarddog", required=True, help="python of an environment with guarddog")
    parser.add_argument("--updates", action="store_true", help="the archives are old, new, old, new; GuardDog, which knows no updates, reads the new")
    parser.add_argument("archives", nargs="+")
    asked = parser.parse_args()
    old, new = (asked.archives[::2], asked.archives[1::2]) if asked.updates else ([None] * len(asked.archives), asked.archives)
    pairs = list(zip(old, new, strict=True))
    ours, answers = lockgate(asked.lockgate, pairs)
    theirs = guarddog(asked.guarddog, new)
    again, _ = lockgate(asked.lockgate, pairs)
    seconds, mine, count = sum(one["seconds"] for one in theirs), (ours + again) / 2, len(pairs)
    labels = sorted({one["label"] for one in theirs})
    print(f"lockgate: {count / mine:.1f} packages a second ({ours:.2f} and {again:.2f} s for {count}); failed {sum('error' in one for one in answers)}")
    print(f"guarddog: {count / seconds:.2f} packages a second; " + ", ".join(f"{label}: {sum(one['label'] == label for one in theirs)}" for label in labels))
    print(f"ratio {seconds / mine:.0f}")


if __name__ == "__main__":
    main()
