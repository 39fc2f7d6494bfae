"""What metrics count over an epoch: state in float64 that each batch adds to.

``weights`` (rows,) are those of the rows of p. What adds up is one worker's work: the state is
small, and a sum that does not depend on the number of workers is worth more than their help.
"""

import numpy as np

from nnkit.kernels._jit import kernel

_FAR_BELOW = -1e10  # What is not among the largest counts as this.


@kernel(updates=["sums"])
def accumulate_weighted(values, weights, sums):
    """sums += (sum_i weights_i values_i, sum_i weights_i); values of weight 0 may be NaN."""
    total, count = 0.0, 0.0
    for i in range(values.size):
        w = np.float64(weights[i])
        total += w * np.float64(values[i]) if w != 0.0 else 0.0
        count += w
    sums[0] += total
    sums[1] += count


@kernel(updates=["w"])
def normalize_weights(w):
    """w_i /= the sum of w; zeros if it is 0."""
    total = 0.0
    for i in range(w.size):
        total += np.float64(w[i])
    factor = w.dtype.type(1.0 / total if total != 0.0 else 0.0)
    for i in range(w.size):
        w[i] = w[i] * factor


@kernel(updates=["counts"])
def count_by_threshold(p, t, weights, label_weights, thresholds, column, clipped, counts):
    """counts[c, k, b] += the weights of elements that exceed k thresholds; b is 1 where t is not 0.

    Of p and t (rows, n) the columns from ``column`` on count, one for each of ``label_weights``.
    thresholds (m,) are sorted and of p's type; counts (labels, m + 1, 2), for all columns together
    if labels is 1. A NaN exceeds nothing.
    """
    m = thresholds.size
    low, high = thresholds[0], thresholds[m - 1]
    zero, one = p.dtype.type(0), p.dtype.type(1)
    scale = p.dtype.type((m - 1) / (high - low) if high > low else 0)
    for i in range(p.shape[0]):
        w = np.float64(weights[i])
        for j in range(label_weights.size):
            x = p[i, column + j]
            if clipped:
                x = zero if x < zero else one if x > one else x
            k = 0
            if x > high:
                k = m
            elif x > low:
                k = min(max(int((x - low) * scale), 1), m - 1)  # Exact where they are even.
                while k > 1 and not x > thresholds[k - 1]:
                    k -= 1
                while x > thresholds[k]:
                    k += 1
            label = j if counts.shape[0] > 1 else 0
            true = 1 if t[i, column + j] != 0 else 0
            counts[label, k, true] += w * np.float64(label_weights[j])


@kernel(updates=["counts"])
def count_hits(p, t, weights, threshold, counts):
    """counts (3, n) += of each column the weighted hits, false alarms, and what was missed.

    An element of p (rows, n) is predicted true if it exceeds the threshold; without one (0), if it
    is the largest of its row and not 0. t may be from 0 to 1.
    """
    rows, n = p.shape
    bound, tiny = p.dtype.type(threshold), p.dtype.type(1e-9)
    for i in range(rows):
        w = np.float64(weights[i])
        most = p[i, 0]
        for j in range(1, n):
            most = p[i, j] if p[i, j] > most else most
        for j in range(n):
            x, true = p[i, j], np.float64(t[i, j])
            largest = x >= most and abs(x) > tiny
            said = x > bound if threshold > 0 else largest
            counts[0, j] += w * true if said else 0.0
            counts[1, j] += w * (1.0 - true) if said else 0.0
            counts[2, j] += 0.0 if said else w * true


@kernel(updates=["counts"])
def count_pairs(p, t, weights, ignored, counts):
    """counts[t_i, p_i] += weights_i; left out are numbers that counts (n, n) lacks, or ignored."""
    n = counts.shape[0]
    for i in range(p.size):
        inside = t[i] >= 0 and t[i] < n and p[i] >= 0 and p[i] < n
        if inside and t[i] != ignored:
            counts[int(t[i]), int(p[i])] += np.float64(weights[i])


@kernel(updates=["sums"])
def add_moments(p, t, weights, sums):
    """sums (4, n) += of each column the weighted sums of t, t^2, (t - p)^2 and 1."""
    rows, n = p.shape
    for i in range(rows):
        w = np.float64(weights[i])
        for j in range(n):
            true = np.float64(t[i, j])
            error = true - np.float64(p[i, j])
            sums[0, j] += w * true
            sums[1, j] += w * true * true
            sums[2, j] += w * error * error
            sums[3, j] += w


@kernel(outputs=["labels"], split=["p", "labels"])
def argmax_rows(p, labels):
    """labels (rows,) = the index of the first largest of p (rows, n)."""
    for i in range(p.shape[0]):
        best = 0
        for j in range(1, p.shape[1]):
            if p[i, j] > p[i, best]:
                best = j
        labels[i] = best


@kernel(outputs=["labels"], split=["p", "labels"], elementwise=True)
def reach(p, threshold, labels):
    """labels = 1 where p reaches the threshold, else 0."""
    bound = p.dtype.type(threshold)
    for i in range(p.size):
        labels[i] = 1 if p[i] >= bound else 0


@kernel(outputs=["match"], split=["p", "t", "match"])
def top_k_categorical_accuracy(p, t, k, match):
    """match (rows,) = 1 where fewer than k of p (rows, n) are larger than p of class t (rows,)."""
    n = p.shape[1]
    for i in range(p.shape[0]):
        inside = t[i] >= 0 and t[i] < n
        x = p[i, t[i]] if inside else p.dtype.type(np.nan)
        larger = 0
        for j in range(n):
            larger += 1 if p[i, j] > x else 0
        match[i] = p.dtype.type(1 if x == x and larger < k else 0)


@kernel(outputs=["match"], split=["p", "t", "match"])
def among_first(p, t, k, match):
    """match (rows,) = 1 where class t (rows,) is one of the first k of p (rows, n)."""
    for i in range(p.shape[0]):
        found = 0
        for j in range(min(k, p.shape[1])):
            found += 1 if p[i, j] == t[i] else 0
        match[i] = p.dtype.type(1 if found > 0 else 0)


@kernel(outputs=["y"], split=["p", "y"])
def keep_largest(p, k, y):
    """y = p (rows, n) where it is one of a row's k largest, of equal ones the first; else -1e10."""
    n = p.shape[1]
    low = p.dtype.type(_FAR_BELOW)
    for i in range(p.shape[0]):
        for j in range(n):
            before = 0
            for other in range(n):
                equal = p[i, other] == p[i, j] and other < j
                before += 1 if p[i, other] > p[i, j] or equal else 0
            y[i, j] = p[i, j] if before < k else low


@kernel(outputs=["labels", "counts"], split=["t", "labels", "counts"])
def ignore_class(t, ignored, labels, counts):
    """labels = t (rows,), but 0 where it is ignored; counts = 0 there, else 1."""
    for i in range(t.size):
        kept = t[i] != ignored
        labels[i] = t[i] if kept else 0
        counts[i] = kept
