"""What nnkit.kernels.cpu.normalization computes, and the whole of batch normalization."""

import numpy as np


def blocks(x, size):
    """Every ``size`` rows of an array."""
    return [x[i : i + size] for i in range(0, len(x), size)]


def batch_moments(x, size, mask=None):
    """Mean, sum of squared deviations, and elements that count, of each lane in each block."""
    kept = np.broadcast_to(True if mask is None else mask[..., None], x.shape)
    found = []
    for part, counts in zip(blocks(x, size), blocks(kept, size), strict=True):
        n = counts.sum(axis=(0, 2))
        mean = np.where(counts, part, 0).sum(axis=(0, 2)) / np.maximum(n, 1)
        off = np.where(counts, part - mean[:, None], 0)
        found.append([mean, (off**2).sum(axis=(0, 2)), n])
    return np.array(found)


def channel_moments(x, n, mask=None):
    """Mean, variance and 1 / elements of each channel; zeros where the mask leaves nothing."""
    kept = np.broadcast_to(True if mask is None else mask[..., None], x.shape)
    found = []
    for values, counts in zip(channels(x, n), channels(kept, n), strict=True):
        seen = values[counts] if counts.any() else np.zeros(1)
        found.append([seen.mean(), seen.var(), 1 / counts.sum() if counts.any() else 0])
    return np.array(found).T


def batch_gradient_sums(dy, x, mean, size):
    products = dy * (x - mean[:, None])
    return np.stack([[p.sum(axis=(0, 2)) for p in blocks(a, size)] for a in (dy, products)], axis=1)


def channels(x, n):
    """(rows, lanes, inner) as (n, elements): lane i belongs to channel i % n."""
    rows, lanes, inner = x.shape
    return x.reshape(rows, lanes // n, n, inner).transpose(2, 0, 1, 3).reshape(n, -1)


def batch_lines(mean, variance, epsilon, gamma, beta, lanes):
    return np.tile([mean, gamma / np.sqrt(variance + epsilon), beta], lanes // mean.size)


def batch_slopes(x, dy, gamma, epsilon, share):
    """What batch_gradients gives for the whole batch: slopes, dgamma, dbeta."""
    n = gamma.size
    c, g = channels(x, n), channels(dy, n)
    s = 1 / np.sqrt(c.var(axis=1) + epsilon)
    dbeta, dgamma = g.sum(axis=1), s * (g * (c - c.mean(axis=1, keepdims=True))).sum(axis=1)
    slopes = [gamma * s, -gamma * s * s * dgamma * share, -gamma * s * dbeta * share]
    return np.tile(slopes, x.shape[1] // n), dgamma, dbeta


def normalize(x, lines):
    mean, factor, beta = lines[:, :, None]
    return (x - mean) * factor + beta


def normalize_backward(dy, x, lines, slopes, mask=None):
    a, b, c = slopes[:, :, None]
    rest = b * (x - lines[0][:, None]) + c
    return a * dy + (rest if mask is None else np.where(mask[..., None], rest, 0))


def layer_normalization(x, gamma, beta, epsilon):
    mean, inverse = x.mean(axis=1), 1 / np.sqrt(x.var(axis=1) + epsilon)
    return (x - mean[:, None]) * inverse[:, None] * gamma + beta, mean, inverse


def layer_normalization_backward(dy, x, gamma, mean, inverse, size):
    z, g = (x - mean[:, None]) * inverse[:, None], dy * gamma
    means = g.mean(axis=1, keepdims=True), (g * z).mean(axis=1, keepdims=True)
    dx = inverse[:, None] * (g - means[0] - z * means[1])
    sums = [np.stack([p.sum(axis=0) for p in blocks(a, size)]) for a in (dy * z, dy)]
    return dx, *sums


def group_normalization(x, gamma, beta, epsilon, groups):
    """x (batch, rows, n, inner): y, the lines and the inverse of each group."""
    batch, rows, n, inner = x.shape
    grouped = x.reshape(batch, rows, groups, -1, inner)
    mean = grouped.mean(axis=(1, 3, 4))
    inverse = 1 / np.sqrt(grouped.var(axis=(1, 3, 4)) + epsilon)
    m, s = (np.repeat(a, n // groups, axis=1) for a in (mean, inverse))
    y = (x - m[:, None, :, None]) * (s * gamma)[:, None, :, None] + beta[:, None]
    return y, np.stack([m, s * gamma, np.tile(beta, (batch, 1))], axis=1), inverse


def group_normalization_backward(dy, x, gamma, lines, inverse):
    """dx, the slopes, and the gradients of gamma and beta for each sample."""
    batch, rows, n, inner = x.shape
    s = np.repeat(inverse, n // inverse.shape[1], axis=1)
    z = (x - lines[:, 0][:, None, :, None]) * s[:, None, :, None]
    g = dy * gamma[:, None]

    def means(a):
        grouped = a.reshape(batch, rows, inverse.shape[1], -1, inner)
        return np.repeat(grouped.mean(axis=(1, 3, 4)), n // inverse.shape[1], axis=1)

    slopes = np.stack([s * gamma, -s * s * means(g * z), -s * means(g)], axis=1)
    wide = [a[:, None, :, None] for a in (s, means(g), means(g * z))]
    dx = wide[0] * (g - wide[1] - z * wide[2])
    return dx, slopes, (dy * z).sum(axis=(1, 3)), dy.sum(axis=(1, 3))
