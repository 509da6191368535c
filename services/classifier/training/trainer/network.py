"""The model: a one-dimensional convolution over the tokens of a chunk (Kim 2014), and over the chunks of a difference their
maximum beside attention (Ilse et al. 2018), so that a chunk carries the score and padding does not lower it. Facts have a
head of their own."""

import jax
import jax.numpy as jnp
import numpy as np

from .features import FACTS
from .words import VOCABULARY

EMBEDDING, WIDTH, FILTERS, HIDDEN, BEHAVIOURS = 32, 5, 128, 96, 8
FAR = 30.0


def start(seed):
    random = np.random.default_rng(seed)
    draw = lambda *shape: (random.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)
    return {
        "embedding": (random.normal(size=(VOCABULARY, EMBEDDING)) * 0.3).astype(np.float32),
        "convolution": draw(WIDTH * EMBEDDING, FILTERS),
        "convolution_bias": np.zeros(FILTERS, np.float32),
        "role": (random.normal(size=(8, HIDDEN)) * 0.1).astype(np.float32),
        "hidden": draw(FILTERS, HIDDEN),
        "hidden_bias": np.zeros(HIDDEN, np.float32),
        "chunk": draw(HIDDEN, 1),
        "attention": draw(HIDDEN, 1),
        "pooled": np.zeros((HIDDEN, 1), np.float32),
        "facts": np.zeros((FACTS, 1), np.float32),
        "offset": np.zeros((1,), np.float32),
        "behaviours": draw(HIDDEN, BEHAVIOURS),
        "behaviours_bias": np.zeros(BEHAVIOURS, np.float32) - 2,
    }


def encode(weights, tokens, roles):
    """`tokens` [n, CHUNK], `roles` [n] -> [n, HIDDEN]."""
    embedded = weights["embedding"][tokens] * (tokens > 0)[..., None]
    kernel = weights["convolution"].reshape(WIDTH, EMBEDDING, -1)
    found = jax.lax.conv_general_dilated(embedded, kernel, (1,), "VALID", dimension_numbers=("NWC", "WIO", "NWC"))
    found = jax.nn.relu(found + weights["convolution_bias"]).max(axis=1)
    return jax.nn.relu(found @ weights["hidden"] + weights["role"][roles] + weights["hidden_bias"])


def pool(weights, encoded, members, facts):
    """`encoded` [n, HIDDEN], `members` [b, n], `facts` [b, FACTS] -> score [b], behaviours [b, 8], vector [b, HIDDEN]."""
    away = (members - 1) * FAR
    chunk = encoded @ weights["chunk"]
    attention = encoded @ weights["attention"] + away.T
    attention = jnp.exp(attention - attention.max(axis=0, keepdims=True)) * members.T
    attention = attention / (attention.sum(axis=0, keepdims=True) + 1e-6)
    vector = attention.T @ encoded
    worst = (chunk + away.T).max(axis=0)
    score = worst + (vector @ weights["pooled"])[:, 0] + (facts @ weights["facts"])[:, 0] + weights["offset"]
    each = encoded @ weights["behaviours"] + weights["behaviours_bias"]
    behaviours = (each[None] + away[..., None]).max(axis=1)
    return score, behaviours, vector
