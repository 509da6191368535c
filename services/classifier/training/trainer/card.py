"""The model's card: what it is for, what it was made of, what it is worth and what not, from the report."""

from . import network
from .measure import ECOSYSTEMS


def percent(value):
    return f"{100 * value:.1f}%"


def figure(one):
    low, high = one["interval"]
    return f"{percent(one['recall'])} ({percent(low)} to {percent(high)})"


def updates(report):
    lines = ["| ecosystem | evidence | benign updates | recall at 0.1% alarms | n-grams | recall at 1% | AUC |", "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for name in ECOSYSTEMS:
        part = report.get(name)
        if part:
            strict = part["updates at 0.1%"]
            lines.append(
                f"| {name} | {'made from real payloads' if name == 'pypi' else 'synthetic evidence only'} | {part['benign updates']} | {figure(strict)} | "
                f"{figure(part['updates at 0.1%, n-grams'])} | {figure(part['updates at 1%'])} | {strict['auc']} |"
            )
    return lines


def new(report):
    part = report.get("pypi", {})
    if "new at 1%" not in part:
        return []
    found = part["new at 1%"]
    return [
        f"New PyPI packages, {found['items']} of {found['families']} unseen families against {part['benign new']} benign ones, at 1% alarms: "
        f"{figure(found)}; n-grams {figure(part['new at 1%, n-grams'])}; AUC {found['auc']}."
    ]


def rewritten(report):
    part = report.get("pypi", {}).get("rewritten", {})
    lines = ["| the payload | recall at 0.1% alarms |", "| --- | ---: |"]
    return lines + [f"| {kind} | {figure(one)} |" for kind, one in part.items()]


def silent(report):
    parts = {name: report[name]["without code"] for name in ECOSYSTEMS if name in report}
    return [f"{name} " + ", ".join(f"{way} {percent(value)}" for way, value in part.items()) for name, part in parts.items()]


def text(report, about):
    shape = report["shape alone, new PyPI packages"]
    rows, quality = report["rows"], report["quality"]
    ways = report.get("pypi", {}).get("by way", {})
    parts = [
        "# The classifier's model",
        "Written by `cargo xtask train`; nothing in it is typed by hand.",
        "## For what\n",
        "It reads what a release adds and says how much that looks like the malicious packages it has seen, and where. It is one fact "
        "among others for a policy: it proves nothing, and what it does not flag is not safe.",
        "## Of what\n",
        f"Data set `{about['dataset']}`, code `{about['revision']}`, features {about['features']}, {about['steps']} steps, seed {about['seed']}. Fitted on {rows['fit']} rows, calibrated on "
        f"{rows['calibrate']}, measured on {rows['dev']} of packages and families that it has not seen. Held back as contradictory: "
        f"{sum(quality['quarantine'].values())}. {network.EMBEDDING} numbers a token, a convolution of {network.FILTERS} filters over "
        f"{network.WIDTH} tokens, the worst chunk beside attention over all, a head of its own for eight facts.",
        "## Worth\n",
        "Recall counts a family as one; in brackets the 95% interval over families (bootstrap). Malicious updates are made: payloads of "
        "unseen families set into benign updates of unseen packages, by tokens. Of npm and crates no malicious code can be had: PyPI's "
        "payloads stand in for it, and the figures say how quiet the model is there rather than what it catches.\n",
        "\n".join(updates(report)),
        "\n".join(new(report)),
        "By the way in which the payload was set in (PyPI): " + ", ".join(f"{way} {percent(value)}" for way, value in ways.items()) + ".",
        "Set in without any code of their own, where the loaders of native files are those of the training: " + "; ".join(silent(report)) + ".",
        "\n".join(rewritten(report)),
        "Shape alone, new PyPI packages, malicious ones against as many benign ones, by gradient boosting: "
        + "; ".join(f"{name}: AUC {one.get('auc', 'none')} ({one['pairs'][1]} pairs)" for name, one in shape.items())
        + ".",
        "In fewer bits, beside the model itself: "
        + "; ".join(
            f"{name} ({one['bytes'] // 1000} kB): scores at most {one['most']} apart, 99% within {one['99%']}, {one['judged otherwise']} of {one['rows']} rows judged otherwise"
            for name, one in report["precision"].items()
        )
        + ".",
        "## Not worth\n",
        "Whatever carries no code of its own: an added dependency, a binary whose loader looks like any other. What is sold as a tool "
        "and misused. Languages other than Python, JavaScript and Rust. An author who trains against it.",
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
