"""What nnkit.kernels.cpu.counting computes."""

import numpy as np


def accumulate_weighted(values, weights, sums):
    kept = weights != 0
    total = (values.astype(float)[kept] * weights[kept]).sum()
    return sums + np.array([total, weights.astype(float).sum()])


def normalize_weights(w):
    return w / w.sum() if w.sum() else np.zeros_like(w)


def count_by_threshold(p, t, weights, label_weights, thresholds, column, clipped, counts):
    counts, columns = counts.copy(), len(label_weights)
    p, t = p[:, column : column + columns], t[:, column : column + columns] != 0
    if clipped:
        p = np.clip(p, 0, 1)
    for i, j in np.ndindex(p.shape):
        exceeded = (p[i, j] > thresholds).sum()
        label = j if len(counts) > 1 else 0
        counts[label, exceeded, int(t[i, j])] += float(weights[i]) * label_weights[j]
    return counts


def count_hits(p, t, weights, threshold, counts):
    said = p > threshold
    if not threshold:
        said = (p == p.max(axis=1, keepdims=True)) & (abs(p) > 1e-9)
    w = weights[:, None].astype(float)
    both = [said * t, said * (1 - t), ~said * t]
    return counts + np.stack([(w * each).sum(axis=0) for each in both])


def count_pairs(p, t, weights, ignored, counts):
    counts, n = counts.copy(), len(counts)
    for a, b, w in zip(t, p, weights, strict=True):
        if 0 <= a < n and 0 <= b < n and a != ignored:
            counts[int(a), int(b)] += w
    return counts


def add_moments(p, t, weights, sums):
    p, t, w = p.astype(float), t.astype(float), weights[:, None].astype(float)
    found = [w * t, w * t * t, w * (t - p) ** 2, w * np.ones_like(t)]
    return sums + np.stack([each.sum(axis=0) for each in found])


def argmax_rows(p):
    return p.argmax(axis=1)


def reach(p, threshold):
    return p >= threshold


def top_k_categorical_accuracy(p, t, k):
    inside = (t >= 0) & (t < p.shape[1])
    x = p[np.arange(len(p)), np.where(inside, t, 0)]
    return inside & ((p > x[:, None]).sum(axis=1) < k)


def among_first(p, t, k):
    return (p[:, :k] == t[:, None]).any(axis=1)


def keep_largest(p, k):
    kept = np.full_like(p, -1e10)
    order = np.argsort(-p, axis=1, kind="stable")[:, :k]
    np.put_along_axis(kept, order, np.take_along_axis(p, order, 1), 1)
    return kept


def ignore_class(t, ignored):
    return np.where(t == ignored, 0, t), t != ignored
