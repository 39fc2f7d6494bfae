import numpy as np

from tests.cuda.cases import MATRICES, Case, wide
from tests.reference import activations, softmax
from tests.reference import losses as reference

FROM_LOGITS = ("softmax_crossentropy", "sparse_softmax_crossentropy", "sigmoid_crossentropy")
PROBABILITIES = (
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "binary_crossentropy",
)
REGRESSION = ("squared_error", "absolute_error")
SMOOTHED = {*FROM_LOGITS, *PROBABILITIES} - {
    "sparse_softmax_crossentropy",
    "sparse_categorical_crossentropy",
}


def probabilities(name, z):
    """What a loss of logits keeps for its gradient."""
    if name.startswith("sigmoid"):
        return activations.sigmoid(*wide(z))
    return softmax.softmax(*wide(z[..., None]))[..., 0]


def gradient(name, p, t, smoothing, weight):
    """By the formulas in the kernels' docstrings; the CPU's are checked by differences."""
    n = p.shape[1]
    if "sparse" in name:
        t = reference.one_hot(t, n)
    p, t, weight = wide(p, t, weight[:, None])
    if name in SMOOTHED:
        binary = name.startswith(("sigmoid", "binary"))
        t = reference.smooth(t, smoothing, 2 if binary else n)
    match name.removeprefix("sparse_"):
        case "softmax_crossentropy":
            return weight * (p * t.sum(axis=1, keepdims=True) - t)
        case "sigmoid_crossentropy":
            return weight * (p - t) / n
        case "categorical_crossentropy":
            total = p.sum(axis=1, keepdims=True)
            q = p / total
            t = np.where((q >= reference.EPSILON) & (q <= 1 - reference.EPSILON), t, 0)
            ratio = np.divide(t, q, out=np.zeros_like(q), where=t != 0)
            return weight * (t.sum(axis=1, keepdims=True) - ratio) / total
        case "binary_crossentropy":
            q = np.clip(p, reference.EPSILON, 1 - reference.EPSILON)
            return np.where(q == p, weight * (q - t) / (q * (1 - q)) / n, 0)
        case "squared_error":
            return weight * 2 * (p - t) / n
        case "absolute_error":
            return weight * np.sign(p - t) / n


def forward(name, p, t, smoothing):
    numbers = (smoothing,) if name in SMOOTHED else ()
    wide_t = t if "sparse" in name else wide(t)[0]
    loss = np.empty(len(p), p.dtype)
    with np.errstate(invalid="ignore"):
        expected = {"loss": getattr(reference, name)(*wide(p), wide_t, *numbers)}
    if name not in FROM_LOGITS:
        return Case(name, (p, t, *numbers, loss), expected)
    expected["p"] = probabilities(name, p)
    return Case(name, (p, t, *numbers, np.empty_like(p), loss), expected)


def backward(name, p, t, smoothing, weight):
    numbers = (smoothing,) if name in SMOOTHED else ()
    written = "dz" if name in FROM_LOGITS else "dp"
    expected = {written: gradient(name, p, t, smoothing, weight)}
    return Case(f"{name}_backward", (p, t, *numbers, weight, np.empty_like(p)), expected)


def cases(dtype, rng):
    for name in (*FROM_LOGITS, *PROBABILITIES, *REGRESSION):
        for shape in MATRICES:
            p = rng.normal(scale=2, size=shape)
            if name in PROBABILITIES:
                p = rng.uniform(0.05, 0.95, size=shape)
            p = p.astype(dtype)
            # Rows of targets need not add up to 1.
            t = rng.uniform(size=shape).astype(dtype)
            if "sparse" in name:
                t = rng.integers(shape[1], size=shape[0]).astype(np.int32)
            weight = rng.uniform(size=shape[0]).astype(dtype)
            yield forward(name, p, t, 0.2)
            kept = probabilities(name, p).astype(dtype) if name in FROM_LOGITS else p
            yield backward(name, kept, t, 0.2, weight)

        # A NaN shows in its own row only.
        p = np.array([[np.nan, 0.5], [0.5, 0.25]], dtype)
        t = np.zeros(2, np.int32) if "sparse" in name else np.array([[1, 0], [1, 0]], dtype)
        yield forward(name, p, t, 0.0)

    t = np.array([[1, 0], [1, 0]], dtype)
    first = np.zeros(2, np.int32)
    for name in FROM_LOGITS:
        z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
        yield forward(name, z, first if "sparse" in name else t, 0.0)
    # A difference of logits is infinite, and its target 0.
    z, loss = np.array([[1, -1]], dtype) * np.finfo(dtype).max, np.empty(1, dtype)
    expected = {"loss": np.zeros(1), "p": np.array([[1.0, 0]])}
    yield Case("softmax_crossentropy", (z, t[:1], 0.0, np.empty_like(z), loss), expected)
    # Small losses keep their digits; e^-12 is lost where 1 is near.
    z = np.array([[12, 0]], dtype)
    yield forward("sigmoid_crossentropy", z, np.array([[1, 0]], dtype), 0.0)

    # Where probabilities are clipped, the loss is finite and the gradient zero.
    p = np.array([[0, 1], [1, 0]], dtype)
    (q,) = wide(np.clip(p, dtype(1e-7), dtype(1 - 1e-7)))
    for name in PROBABILITIES:
        classes = first if "sparse" in name else t
        arguments = forward(name, p, classes, 0.0).arguments
        loss = (
            -(np.log(q[:, 0]) + np.log(1 - q[:, 1])) / 2 if "binary" in name else -np.log(q[:, 0])
        )
        yield Case(name, arguments, {"loss": loss})
        yield backward(name, p, classes, 0.0, np.ones(2, dtype))

    # Shares of almost nothing, and of nothing.
    p = np.array([[1, 3], [0, 0]], dtype) * (64 * np.finfo(dtype).smallest_subnormal)
    for name in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        classes = first if "sparse" in name else t
        numbers = () if "sparse" in name else (0.0,)
        loss, weight = np.empty(2, dtype), np.ones(2, dtype)
        expected = {"loss": -np.log(np.array([0.25, 1e-7]))}
        yield Case(name, (p, classes, *numbers, loss), expected)
        arguments = (p, classes, *numbers, weight, np.empty_like(p))
        yield Case(f"{name}_backward", arguments, {"dp": np.zeros((2, 2))})

    equal = np.ones((1, 3), dtype)
    yield backward("absolute_error", equal, equal, 0.0, np.ones(1, dtype))
