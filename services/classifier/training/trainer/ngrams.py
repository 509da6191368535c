"""The baseline: logistic regression on the presence of hashed words and pairs of words in a chunk; a row is as bad as its
worst chunk. It also chooses which chunks the network looks at first."""

import numpy as np
from scipy import sparse
from sklearn.linear_model import SGDClassifier

BITS = 18


def matrix(chunks):
    """One line a chunk, 1 where a word or a pair is there."""
    lengths = np.array([len(chunk) for chunk in chunks])
    flat = np.concatenate(chunks).astype(np.uint32)
    line = np.repeat(np.arange(len(chunks)), lengths)
    one = flat * np.uint32(2654435761) >> np.uint32(32 - BITS)
    pair = flat[:-1] * np.uint32(2246822519) ^ flat[1:] * np.uint32(3266489917)
    pair = pair * np.uint32(2654435761) >> np.uint32(32 - BITS)
    same = line[:-1] == line[1:]
    column = np.concatenate([one, pair[same]])
    line = np.concatenate([line, line[:-1][same]])
    found = sparse.csr_matrix((np.ones(len(column), np.float32), (line, column)), (len(chunks), 1 << BITS))
    found.sum_duplicates()
    found.data[:] = 1
    # A chunk of few words counts as much as a long one.
    scale = 1 / np.sqrt(np.maximum(found.getnnz(axis=1), 1))
    return sparse.diags(scale.astype(np.float32)) @ found


def fit(bad, good, seed):
    model = SGDClassifier("log_loss", alpha=1e-6, max_iter=6, tol=None, random_state=seed, class_weight="balanced", average=True)
    model.fit(matrix(bad + good), np.r_[np.ones(len(bad)), np.zeros(len(good))])
    return model


def scores(model, chunks, block=20_000):
    if not len(chunks):
        return np.zeros(0)
    parts = [model.decision_function(matrix(chunks[at : at + block])) for at in range(0, len(chunks), block)]
    return np.concatenate(parts)
