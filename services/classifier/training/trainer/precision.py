"""The model in fewer bits: int8 for processors, fp16 for graphics processors; and how far their answers are from its own.

    python -m trainer.precision --model classifier.onnx --sets FOLDER...

Writes `classifier.int8.onnx` and `classifier.fp16.onnx` beside it, each with its digest and the card of the model.
"""

import argparse
import json
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from . import alarms, export, features

MEASURED = 2000
"""Rows, of those kept for measuring, whose scores are compared."""


class Examples(CalibrationDataReader):
    """Chunks of benign rows, from which the range of each number is learned."""

    def __init__(self, table, rows, random):
        numbers = np.concatenate([np.arange(table.first[r], table.first[r + 1]) for r in rows])
        blocks = np.array_split(random.permutation(numbers)[:1024], 16)
        self.blocks = iter([block for block in blocks if len(block)])
        self.table = table

    def get_next(self):
        block = next(self.blocks, None)
        if block is None:
            return None
        return {
            "tokens": features.padded([self.table.chunk(n) for n in block]),
            "roles": self.table.role[block].astype(np.int32),
            "members": np.ones((1, len(block)), np.float32),
            "facts": np.zeros((1, features.FACTS), np.float32),
        }


def int8(path, table, rows, random):
    """The convolution, which is nearly all of the work, and the embedding, which is nearly all of the size."""
    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "int8.onnx"
        quantize_static(
            str(path), str(out), Examples(table, rows, random), quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv", "Gather"],
            per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )
        return onnx.load(str(out))


def fp16(path):
    """Every sum and weight; inputs and outputs stay as they are, by a cast each."""
    model = onnx.load(str(path))
    graph = model.graph
    for constant in graph.initializer:
        if constant.data_type == TensorProto.FLOAT:
            constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant).astype(np.float16), constant.name))
    floats = lambda ports: [port.name for port in ports if port.type.tensor_type.elem_type == TensorProto.FLOAT]
    inputs, outputs = floats(graph.input), floats(graph.output)
    half = {name: f"{name}_half" for name in inputs + outputs}
    for node in graph.node:
        node.input[:] = [half.get(name, name) for name in node.input]
        node.output[:] = [half.get(name, name) for name in node.output]
    before = [helper.make_node("Cast", [name], [half[name]], to=TensorProto.FLOAT16) for name in inputs]
    after = [helper.make_node("Cast", [half[name]], [name], to=TensorProto.FLOAT) for name in outputs]
    nodes = [*before, *graph.node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def keep(model, path, about):
    del model.metadata_props[:]
    helper.set_model_props(model, {export.KEY: json.dumps(about, sort_keys=True)})
    onnx.checker.check_model(model)
    export.keep(path, model.SerializeToString(deterministic=True))


def agreement(one, other, table, about):
    """How far the scores of `other` are from those of `one`, and how many rows they judge otherwise."""
    bad, good = table.where(split="dev", label="malicious"), table.where(split="dev", label="benign")
    rows = np.concatenate([bad, good[:: max(len(good) // MEASURED, 1)]])
    a, b = (alarms.scores(session, table, rows) for session in (one, other))
    bar = np.array([about["threshold"][table.rows[r]["ecosystem"]][table.rows[r]["mode"]] for r in rows])
    apart = np.abs(a - b)
    return {
        "rows": len(rows),
        "median": round(float(np.median(apart)), 4),
        "99%": round(float(np.quantile(apart, 0.99)), 4),
        "most": round(float(apart.max()), 4),
        "judged otherwise": int(((a > bar) != (b > bar)).sum()),
    }


def everything(path, table, seed=1):
    """Writes both beside `path`; answers how far they are from it."""
    session = lambda model: onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    one = session(path.read_bytes())
    about = json.loads(one.get_modelmeta().custom_metadata_map[export.KEY])
    random = np.random.default_rng(seed + 3)
    train = table.where(split="train", label="benign")
    made = {"int8": int8(path, table, random.permutation(train)[:512], random), "fp16": fp16(path)}
    report = {}
    for name, model in made.items():
        out = path.with_suffix(f".{name}.onnx")
        found = agreement(one, session(model.SerializeToString()), table, about)
        # The metrics are those of the model itself; this says how far they hold.
        keep(model, out, about | {"precision": name, "agreement": found})
        report[name] = found | {"bytes": out.stat().st_size}
    return report


def main():
    parser = argparse.ArgumentParser(description="The model in fewer bits, and how far that is from it.")
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--sets", nargs="+", required=True)
    asked = parser.parse_args()
    for name, found in everything(asked.model, features.read(asked.sets)).items():
        print(f"{name}: {found}")


if __name__ == "__main__":
    main()
