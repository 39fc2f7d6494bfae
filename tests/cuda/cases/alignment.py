import numpy as np

from tests.cuda.cases import Case
from tests.reference import alignment as reference


def cases(dtype, rng):
    for steps, labels in [
        (1, [[1], [0]]),
        (4, [[1, 2], [1, 1], [2, 0], [0, 0]]),
        (5, [[1, 1, 2], [2, 1, 2]]),
        (2, [[1, 1], [1, 2]]),  # The first has no alignment.
    ]:
        t = np.array(labels, np.int32)
        n, most = t.shape
        z = rng.normal(size=(n, steps, 3)).astype(dtype)
        loss, slope = reference.ctc(z, t)
        logp, alpha = np.empty(z.shape), np.empty((n, steps, 2 * most + 1))
        found = np.empty(n)
        expected = {"loss": loss, "logp": reference.log_softmax(z.astype(float)), "alpha": None}
        ways = forward_ways(z, t)
        expected["alpha"] = ways
        yield Case("ctc", (z, t, logp, alpha, found), expected)
        weight = rng.normal(size=(n, steps)).astype(dtype)
        total = weight.astype(float).sum(axis=1)[:, None, None]
        given = (expected["logp"], t, ways, loss, weight, np.empty_like(alpha), np.empty_like(z))
        expected = {"dz": total * slope, "beta": backward_ways(z, t)}
        yield Case("ctc_backward", given, expected)


def states_of(row):
    return [0] + [s for k in row if k for s in (k, 0)]


def follows(states, s, r):
    """Whether state s may follow state r."""
    if s - r in (0, 1):
        return True
    return s - r == 2 and states[s] != 0 and states[s] != states[r]


def forward_ways(z, t):
    logp = reference.log_softmax(z.astype(float))
    ways = np.full((*z.shape[:2], 2 * t.shape[1] + 1), -np.inf)
    for i, row in enumerate(t):
        states = states_of(row)
        for u in range(z.shape[1]):
            for s, label in enumerate(states):
                before = [ways[i, u - 1, r] for r in range(s + 1) if u and follows(states, s, r)]
                reached = 0.0 if u == 0 and s < 2 else -np.inf
                if u:
                    reached = np.logaddexp.reduce(before)
                ways[i, u, s] = reached + logp[i, u, label]
    return ways


def backward_ways(z, t):
    logp, steps = reference.log_softmax(z.astype(float)), z.shape[1]
    ways = np.full((*z.shape[:2], 2 * t.shape[1] + 1), -np.inf)
    for i, row in enumerate(t):
        states = states_of(row)
        count = len(states)
        ways[i, -1, max(0, count - 2) : count] = 0.0
        for u in range(steps - 2, -1, -1):
            for r in range(count):
                after = [
                    ways[i, u + 1, s] + logp[i, u + 1, states[s]]
                    for s in range(r, count)
                    if follows(states, s, r)
                ]
                ways[i, u, r] = np.logaddexp.reduce(after)
    return ways
