"""Connectionist temporal classification: all ways in which labels can lie along timesteps.

The states of an alignment are a blank, the first label, a blank, the second label, ..., a blank. In
a timestep it stays, goes to the next state, or passes over a blank between two different labels.
``alpha`` and ``beta`` are logarithms of sums over all ways to a state, and from it to the end, in
float64.
"""

import math

import numpy as np

from nnkit.kernels._jit import inline, kernel


@inline
def _label(t, s):
    """The label of state s; 0 is the blank."""
    return t[s // 2] if s % 2 == 1 else 0


@inline
def _passes(t, s):
    """Whether state s may follow state s - 2."""
    return s % 2 == 1 and s > 1 and t[s // 2] != t[s // 2 - 1]


@inline
def _log_add(a, b):
    """ln(e^a + e^b)."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


@kernel(outputs=["logp", "alpha", "loss"], split=["z", "t", "logp", "alpha", "loss"])
def ctc(z, t, logp, alpha, loss):
    """loss (n,) = -ln P(t | z) of logits z (n, steps, classes) and labels t (n, most).

    Rows of t have zeros at the end; logp = log softmax of z; alpha (n, steps, 2 most + 1).
    """
    steps, classes = z.shape[1], z.shape[2]
    for i in range(z.shape[0]):
        states = 1
        for j in range(t.shape[1]):
            states += 2 if t[i, j] != 0 else 0
        for u in range(steps):
            most = np.float64(z[i, u, 0])
            for k in range(1, classes):
                most = max(most, np.float64(z[i, u, k]))
            total = 0.0
            for k in range(classes):
                total += math.exp(np.float64(z[i, u, k]) - most)
            norm = most + math.log(total)
            for k in range(classes):
                logp[i, u, k] = np.float64(z[i, u, k]) - norm
        for u in range(steps):
            for s in range(alpha.shape[2]):
                ways = -math.inf
                if u == 0:
                    ways = 0.0 if s < 2 else ways
                elif s < states:
                    ways = alpha[i, u - 1, s]
                    if s > 0:
                        ways = _log_add(ways, alpha[i, u - 1, s - 1])
                    if _passes(t[i], s):
                        ways = _log_add(ways, alpha[i, u - 1, s - 2])
                inside = s < states
                alpha[i, u, s] = ways + logp[i, u, _label(t[i], s)] if inside else -math.inf
        ends = alpha[i, steps - 1, states - 1]
        if states > 1:
            ends = _log_add(ends, alpha[i, steps - 1, states - 2])
        loss[i] = -ends


@kernel(outputs=["beta", "dz"], split=["logp", "t", "alpha", "loss", "weight", "beta", "dz"])
def ctc_backward(logp, t, alpha, loss, weight, beta, dz):
    """dz = weight_i (softmax z - the share of alignments that are at a label); 0 of no alignment.

    weight (n, steps) is added up over the steps.
    """
    steps, classes = logp.shape[1], logp.shape[2]
    for i in range(logp.shape[0]):
        states = 1
        for j in range(t.shape[1]):
            states += 2 if t[i, j] != 0 else 0
        factor = 0.0
        for u in range(steps):
            factor += np.float64(weight[i, u])
        factor = factor if loss[i] < math.inf else 0.0
        for back in range(steps):
            u = steps - 1 - back
            for k in range(classes):
                dz[i, u, k] = factor * math.exp(logp[i, u, k])
            for s in range(beta.shape[2]):
                ways = -math.inf
                if back == 0:
                    ways = 0.0 if states - 3 < s and s < states else ways
                elif s < states:
                    ways = beta[i, u + 1, s] + logp[i, u + 1, _label(t[i], s)]
                    if s + 1 < states:
                        after = beta[i, u + 1, s + 1] + logp[i, u + 1, _label(t[i], s + 1)]
                        ways = _log_add(ways, after)
                    if s + 2 < states and _passes(t[i], s + 2):
                        after = beta[i, u + 1, s + 2] + logp[i, u + 1, _label(t[i], s + 2)]
                        ways = _log_add(ways, after)
                beta[i, u, s] = ways
                if factor != 0.0 and s < states:
                    share = math.exp(alpha[i, u, s] + ways + loss[i])
                    dz[i, u, _label(t[i], s)] -= factor * share
