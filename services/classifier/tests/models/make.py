"""Writes the toy models beside this file: `python make.py` (needs onnx). Each keeps the contract (src/batch.rs, src/card.rs) but
where its name says so. A toy counts the token 7 in the chunks of a bag: score = count + half the number of facts - 4."""

import hashlib
import json
from pathlib import Path

from onnx import TensorProto, checker, helper

BEHAVIOURS = ["steals", "runs", "fetches", "hides", "persists", "spreads", "destroys", "mines"]
SCALE = {"npm": {"new": [1.0, 0.0], "update": [2.0, 1.0]}}
SCALE |= {"pypi": SCALE["npm"], "cargo": SCALE["npm"]}
THRESHOLD = {ecosystem: {"new": 0.5, "update": 1.5} for ecosystem in SCALE}
CARD = {
    "features": 2,
    "behaviours": BEHAVIOURS,
    "calibration": SCALE,
    "threshold": THRESHOLD,
    "dataset": "sha256:" + "0" * 64,
    "revision": "toy",
    "metrics": {},
}


def graph(last):
    """`last`: nodes that make `score` of `raw`."""
    floats, whole = TensorProto.FLOAT, TensorProto.INT32
    constant = lambda name, kind, shape, values: helper.make_tensor(name, kind, shape, values)
    nodes = [
        helper.make_node("Equal", ["tokens", "seven"], ["is_seven"]),
        helper.make_node("Cast", ["is_seven"], ["ones"], to=floats),
        helper.make_node("ReduceSum", ["ones", "axis"], ["counts"], keepdims=1),
        # What a role says has no weight, but must be there.
        helper.make_node("Cast", ["roles"], ["role"], to=floats),
        helper.make_node("Mul", ["role", "zero"], ["nothing"]),
        helper.make_node("Unsqueeze", ["nothing", "axis"], ["column"]),
        helper.make_node("Add", ["counts", "column"], ["values"]),
        helper.make_node("MatMul", ["members", "values"], ["vector"]),
        helper.make_node("ReduceSum", ["facts", "axis"], ["known"], keepdims=0),
        helper.make_node("Mul", ["known", "half"], ["weight"]),
        helper.make_node("Squeeze", ["vector", "axis"], ["pooled"]),
        helper.make_node("Add", ["pooled", "weight"], ["sum"]),
        helper.make_node("Sub", ["sum", "four"], ["raw"]),
        helper.make_node("Mul", ["facts", "four"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "two"], ["behaviours"]),
        # Of this form a sum is not, so that it cannot be taken apart.
        helper.make_node("Mul", ["values", "zero"], ["zeros"]),
        helper.make_node("Concat", ["values", "zeros", "zeros"], ["parts"], axis=1),
        *last,
    ]
    inputs = [("tokens", whole, ["n", 256]), ("roles", whole, ["n"]), ("members", floats, ["b", "n"])]
    inputs += [("facts", floats, ["b", 8])]
    outputs = [("score", floats, ["b"]), ("behaviours", floats, ["b", 8]), ("vector", floats, ["b", 1]), ("parts", floats, ["n", 3])]
    constants = [constant("seven", whole, [], [7]), constant("axis", TensorProto.INT64, [1], [1])]
    for name, value in [("zero", 0.0), ("half", 0.5), ("two", 2.0), ("four", 4.0), ("nine", 9.0)]:
        constants.append(constant(name, floats, [], [value]))
    info = lambda ports: [helper.make_tensor_value_info(*port) for port in ports]
    return helper.make_graph(nodes, "toy", info(inputs), info(outputs), constants)


def write(name, card, last=(helper.make_node("Identity", ["raw"], ["score"]),), ports=()):
    """`ports`: names of inputs instead of others."""
    made = graph(last)
    for old, new in ports:
        for port in made.input:
            port.name = new if port.name == old else port.name
        for node in made.node:
            node.input[:] = [new if name == old else name for name in node.input]
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    if card is not None:
        helper.set_model_props(model, {"lockgate": json.dumps(card)})
    checker.check_model(model, full_check=True)
    keep(name, model.SerializeToString())


def keep(name, content):
    """The file, and its digest beside it."""
    path = Path(__file__).parent / name
    path.write_bytes(content)
    path.with_name(name + ".sha256").write_text(f"{hashlib.sha256(content).hexdigest()}  {name}\n")


write("toy.onnx", CARD)
write("no-card.onnx", None)
write("old-features.onnx", CARD | {"features": 1})
write("seven-behaviours.onnx", CARD | {"behaviours": BEHAVIOURS[:7]})
write("inverted.onnx", CARD | {"calibration": SCALE | {"cargo": {"new": [-1.0, 0.0], "update": [1.0, 0.0]}}})
keep("no-model.onnx", b"no model")
# The square root of a score below zero is no number.
write("not-a-number.onnx", CARD, [helper.make_node("Sqrt", ["raw"], ["score"])])
# The logarithm of 9 less what the others score: no finite number from 13 sevens on.
less = [helper.make_node("Sub", ["nine", "raw"], ["less"]), helper.make_node("Log", ["less"], ["score"])]
write("rarely-a-number.onnx", CARD, less)
write("other-ports.onnx", CARD, ports=[("tokens", "words")])
