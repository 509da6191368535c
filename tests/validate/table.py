"""The rows that every check of this folder prints, and the count of what missed its bar."""

import json
import subprocess
from collections import Counter

EXAMPLES = 3


class Table:
    """Rows `ok|MISSED  check  figure`, and under a row the classes of disagreement."""

    def __init__(self):
        self.missed = 0

    def row(self, holds, check, figure):
        self.missed += not holds
        print(f"{'ok' if holds else 'MISSED':<8}{check:<50}{figure}", flush=True)

    def note(self, text):
        print(f"{'':10}{text}", flush=True)

    def agreement(self, check, total, disagreements, explained=None):
        """One row for `total` questions: it holds when every disagreement is of an explained class.

        `disagreements` are pairs of class and example; `explained` gives the reason of a class.
        """
        explained = explained or {}
        classes = Counter(name for name, _ in disagreements)
        open_ones = sum(count for name, count in classes.items() if name not in explained)
        agreed = total - len(disagreements)
        known = len(disagreements) - open_ones
        figure = f"{agreed} of {total} agree" + (f", {known} differ for a known reason" if known else "")
        self.row(total > 0 and open_ones == 0, check, figure + (f", {open_ones} NOT EXPLAINED" if open_ones else ""))
        for name, count in classes.most_common():
            self.note(f"{count} {name}: {explained.get(name, 'not explained')}")
            examples = [example for cls, example in disagreements if cls == name]
            for example in examples[: 1 if name in explained else EXAMPLES]:
                self.note(f"  e.g. {example}")


def ask(command, rows):
    """Writes `rows` as JSON lines to `command` and reads one JSON answer for each."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-500:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(rows):
        raise RuntimeError(f"{command[0]} gave {len(answers)} answers to {len(rows)} questions")
    return answers
