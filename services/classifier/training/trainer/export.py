"""The network as an ONNX graph, written node by node, and what it was made of in its metadata (key `lockgate`)."""

import hashlib
import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .features import CHUNK, FACTS
from .network import EMBEDDING, FAR, WIDTH

OPSET = 18
KEY = "lockgate"
"""Of the metadata."""


def graph_of(weights):
    nodes, constants = [], {}

    def constant(name, value):
        constants[name] = np.asarray(value)
        return name

    def add(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    w = {name: constant(name, value) for name, value in weights.items()}
    last, first = constant("axis_last", np.array([-1])), constant("axis_first", np.array([0]))
    # As a convolution, [filters, embedding, width]: the same sums as over windows.
    kernel = weights["convolution"].reshape(WIDTH, EMBEDDING, -1).transpose(2, 1, 0)
    w["convolution"] = constant("convolution", np.ascontiguousarray(kernel))
    # Token 0 fills up and says nothing.
    w["embedding"] = constant("embedding", np.where(np.arange(len(weights["embedding"]))[:, None] > 0, weights["embedding"], 0))
    add("Gather", [w["embedding"], "tokens"], "embedded", axis=0)
    add("Transpose", ["embedded"], "channels", perm=[0, 2, 1])
    add("Conv", ["channels", w["convolution"], w["convolution_bias"]], "convolved", kernel_shape=[WIDTH])
    add("Relu", ["convolved"], "detected")
    add("ReduceMax", ["detected", last], "found", keepdims=0)
    add("Gather", [w["role"], "roles"], "of_role", axis=0)
    add("Gemm", ["found", w["hidden"], w["hidden_bias"]], "hidden_of_code")
    add("Add", ["hidden_of_code", "of_role"], "hidden_sum")
    add("Relu", ["hidden_sum"], "encoded")

    far, one = constant("far", np.float32(FAR)), constant("one", np.float32(1))
    add("Sub", ["members", one], "outside")
    add("Mul", ["outside", far], "away")
    add("MatMul", ["encoded", w["chunk"]], "chunk_logit")
    add("Squeeze", ["chunk_logit", last], "chunk_score")
    add("Add", ["away", "chunk_score"], "chunk_scores")
    add("ReduceMax", ["chunk_scores", last], "worst", keepdims=0)
    add("MatMul", ["encoded", w["attention"]], "attention_logit")
    add("Squeeze", ["attention_logit", last], "attention_score")
    add("Add", ["away", "attention_score"], "attention_scores")
    add("ReduceMax", ["attention_scores", last], "attention_most", keepdims=1)
    add("Sub", ["attention_scores", "attention_most"], "attention_less")
    add("Exp", ["attention_less"], "attention_exp")
    add("Mul", ["attention_exp", "members"], "attention_members")
    add("ReduceSum", ["attention_members", last], "attention_sum", keepdims=1)
    add("Add", ["attention_sum", constant("little", np.float32(1e-6))], "attention_safe")
    add("Div", ["attention_members", "attention_safe"], "attention_share")
    add("MatMul", ["attention_share", "encoded"], "vector")
    add("MatMul", ["vector", w["pooled"]], "pooled_logit")
    add("MatMul", ["facts", w["facts_weight"]], "facts_logit")
    add("Add", ["pooled_logit", "facts_logit"], "beside")
    add("Squeeze", ["beside", last], "beside_score")
    add("Add", ["worst", "beside_score"], "score_sum")
    add("Add", ["score_sum", w["offset"]], "score")
    # Of each chunk what the score is made of, so that any choice of chunks can be scored again without the model.
    add("MatMul", ["encoded", w["pooled"]], "pooled_of_chunk")
    add("Concat", ["chunk_logit", "attention_logit", "pooled_of_chunk"], "parts", axis=1)
    add("Gemm", ["encoded", w["behaviours_weight"], w["behaviours_bias"]], "behaviour_of_chunk")
    add("Unsqueeze", ["away", last], "away_deep")
    add("Unsqueeze", ["behaviour_of_chunk", first], "behaviour_wide")
    add("Add", ["behaviour_wide", "away_deep"], "behaviour_all")
    add("ReduceMax", ["behaviour_all", constant("axis_chunks", np.array([1]))], "behaviours", keepdims=0)
    return nodes, constants


def write(path, weights, about):
    """Writes the model and, beside it, its SHA-256."""
    renamed = {("behaviours_weight" if name == "behaviours" else name): value for name, value in weights.items()}
    renamed["facts_weight"] = renamed.pop("facts")
    nodes, constants = graph_of(renamed)
    floats = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
    whole = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.INT32, list(shape))
    made = helper.make_graph(
        nodes,
        "lockgate-classifier",
        [whole("tokens", "chunks", CHUNK), whole("roles", "chunks"), floats("members", "bags", "chunks"), floats("facts", "bags", FACTS)],
        [floats("score", "bags"), floats("behaviours", "bags", 8), floats("vector", "bags", weights["hidden"].shape[1]), floats("parts", "chunks", 3)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10, producer_name="lockgate")
    helper.set_model_props(model, {KEY: json.dumps(about, sort_keys=True)})
    onnx.checker.check_model(model, full_check=True)
    keep(path, model.SerializeToString(deterministic=True))


def keep(path, data):
    """The bytes of a model, and beside them their digest."""
    path.write_bytes(data)
    path.with_name(path.name + ".sha256").write_text(hashlib.sha256(data).hexdigest() + "\n")
