"""Calls of functions of nnkit.ops: by name, with arrays and other arguments.

Each is compared with NumPy's or Keras's function of the same name, and each way to compute it with
the others: of arrays, of placeholders in a layer, and its gradient.
"""

import numpy as np

__all__ = ["CALLS", "call_id"]

RNG = np.random.default_rng(5)
X = RNG.normal(size=(2, 3))
Y = RNG.uniform(0.5, 2, (2, 3))
V = RNG.normal(size=4)
STACK = RNG.normal(size=(4, 2, 3))
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
POSITIVE = SQUARE @ SQUARE.T
IMAGES = RNG.normal(size=(2, 4, 4, 4))
WHOLE = np.array([[3, 0, 5], [1, 2, 2]])
HOLES = np.where(RNG.uniform(size=(4, 5)) < 0.3, np.nan, RNG.normal(size=(4, 5)))
HOLES[:, 0] = 1.0
P = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]])
HOT = np.eye(3)[[1, 0]]
EDGES = np.array([[-np.inf, np.inf, np.nan, 0.0, -0.0, 1.5, -2.0]])
ONES_TO_NINE = np.arange(1.0, 10.0).reshape(3, 3)


def _calls():
    """``(name, arguments, named)``."""
    x = [
        *("arcsinh", "deg2rad", "rad2deg", "exp2", "erf", "erfc", "trunc", "fabs", "sinc", "cbrt"),
        *("hard_silu", "hard_swish", "hard_tanh", "tanh_shrink", "sparse_plus", "sparse_sigmoid"),
        *("celu", "hard_shrink", "soft_shrink", "squareplus", "sparsemax", "relu6", "log_sigmoid"),
        *("flipud", "fliplr", "flip", "median", "ptp", "count_nonzero", "cumsum", "cumprod"),
        *("sort", "argsort", "diff", "trapezoid", "diagflat", "copy", "tril", "triu", "diag"),
        *("normalize", "layer_normalization", "rms_normalization", "corrcoef", "size", "rot90"),
        *("empty_like", "array", "convert_to_tensor", "average", "amax", "amin"),
    ]
    yield from ((name, (X,), {}) for name in x)
    yield from ((name, (X / 4,), {}) for name in ("arctanh", "celu"))
    yield "arccosh", (Y + 1,), {}
    yield from (
        (name, (EDGES,), {})
        for name in ("isfinite", "isposinf", "isneginf", "signbit", "nan_to_num", "isnan")
    )
    yield from ((name, (X, Y), {}) for name in ("logaddexp", "logaddexp2", "hypot", "fmod"))
    yield from ((name, (HOLES, HOLES[::-1]), {}) for name in ("fmax", "fmin"))
    yield "divide_no_nan", (X, np.array([[1.0, 0.0, -2.0]])), {}
    yield "heaviside", (np.array([-1.0, 0.0, 2.0]), np.array([0.5, 0.5, 0.5])), {}
    yield "ldexp", (X, np.array([1, -2, 3])), {}
    yield "logical_xor", (X > 0, Y > 1), {}
    bits = np.array([6, 5, 12], np.int32), np.array([3, 1, 2], np.int32)
    for name in ("and", "or", "xor", "left_shift", "right_shift"):
        yield f"bitwise_{name}", bits, {}
    yield "left_shift", bits, {}
    yield "right_shift", bits, {}
    yield "bitwise_not", bits[:1], {}
    yield "bitwise_invert", bits[:1], {}
    yield "isclose", (X, X + 1e-9 * (X > 0) + (X < -1)), {}
    yield "allclose", (X, X + 1e-9), {}
    yield "select", ([X > 1, X > 0], [X, 2 * X], 0.5), {}
    yield "nan_to_num", (EDGES,), {"nan": 1.0, "posinf": 2.0, "neginf": -3.0}
    # Activations.
    yield "celu", (X,), {"alpha": 0.5}
    yield "glu", (STACK,), {"axis": 1}
    yield "glu", (STACK[..., :2],), {}
    yield "hard_shrink", (X, 0.2), {}
    yield "soft_shrink", (X,), {"threshold": 0.2}
    yield "squareplus", (X,), {"b": 1}
    yield "threshold", (X, 0.1, -2.0), {}
    yield "sparsemax", (STACK,), {"axis": 1}
    # Arrays from numbers.
    yield "arange", (5,), {}
    yield "arange", (2.0, 8.0, 1.5), {}
    yield "arange", (2, 9, 3), {"dtype": "float32"}
    yield "linspace", (0.0, 2.0, 5), {}
    yield "linspace", (X, Y, 4), {"endpoint": False, "axis": 1}
    yield "linspace", (1.0, 2.0), {"num": 3, "retstep": True}
    yield "logspace", (0.0, 2.0, 5), {}
    yield "geomspace", (1.0, 8.0, 4), {}
    for name in ("zeros", "ones", "empty"):
        yield name, ((2, 3),), {}
    yield "full", ((2, 3), 1.5), {}
    yield "full", ((2,), 7), {"dtype": "int32"}
    yield "eye", (3,), {}
    yield "eye", (2, 4, 1), {}
    yield "identity", (3,), {}
    yield "tri", (3, 4, -1), {}
    yield "tril", (STACK, 1), {}
    yield "triu", (STACK,), {"k": -1}
    yield "diag", (V, 1), {}
    yield "diag", (SQUARE, -1), {}
    yield "vander", (V, 3), {}
    yield "vander", (V,), {"N": 3, "increasing": True}
    yield "meshgrid", (V, X[0]), {}
    yield "meshgrid", (V, X[0], X[1]), {"indexing": "ij"}
    for name in ("bartlett", "blackman", "hamming", "hanning"):
        yield name, (7,), {}
    yield "kaiser", (7, 8.0), {}
    # Shapes.
    yield "append", (X, Y), {}
    yield "append", (X, Y), {"axis": 1}
    for name in ("hstack", "vstack", "dstack"):
        yield name, ([X, Y],), {}
        yield name, ([X[0], Y[0]],), {}
    yield "array_split", (V, 3), {}
    yield "array_split", (STACK, [1, 3]), {}
    yield "hsplit", (IMAGES, 2), {}
    yield "vsplit", (IMAGES, 2), {}
    yield "dsplit", (IMAGES, [1, 3]), {}
    yield "unstack", (STACK,), {"num": 2, "axis": 1}
    yield "broadcast_to", (X[:1], (4, 2, 3)), {}
    yield "flip", (STACK,), {"axis": (0, 2)}
    for k in (1, 2, 3):
        yield "rot90", (STACK,), {"k": k, "axes": (1, 2)}
    yield "roll", (X, 2), {}
    yield "roll", (STACK, 1), {"axis": 1}
    yield "roll", (STACK, (1, -1)), {"axis": (0, 2)}
    yield "pad", (X, 1), {}
    yield "pad", (X, ((1, 0), (2, 3))), {"constant_values": 1.5}
    for mode in ("reflect", "symmetric", "edge", "wrap"):
        yield "pad", (SQUARE, ((1, 2), (0, 2))), {"mode": mode}
    yield "depth_to_space", (IMAGES, 2), {}
    yield "space_to_depth", (IMAGES, 2), {}
    for name in ("depth_to_space", "space_to_depth"):
        yield name, (IMAGES, 2), {"data_format": "channels_first"}
    yield "multi_hot", (np.array([[0, 2], [1, 1]]), 4), {}
    yield "saturate_cast", (np.array([-3.7, 3.7, 300.0]), "uint8"), {}
    yield "saturate_cast", (np.array([-3, 3, 300]), "int8"), {}
    # Picking.
    yield "sort", (STACK,), {"axis": 1}
    yield "argsort", (STACK,), {"axis": 0}
    yield "top_k", (X, 2), {}
    yield "in_top_k", (np.array([2, 0]), P, 2), {}
    yield "take_along_axis", (X, np.array([[2, 0], [1, 1]])), {"axis": 1}
    yield "searchsorted", (np.sort(V), X[0]), {"side": "right"}
    yield "digitize", (X[0], np.array([-1.0, 0.0, 1.0])), {}
    yield "isin", (WHOLE, np.array([2, 5])), {}
    yield "isin", (WHOLE, np.array([2, 5])), {"invert": True}
    yield "bincount", (WHOLE[0],), {"minlength": 8}
    yield "bincount", (WHOLE[0],), {"weights": X[0]}
    yield "bincount", (WHOLE,), {"minlength": 6}
    yield "get_item", (X, 1), {}
    yield "slice", (STACK, (1, 0, 1), (2, 2, 2)), {}
    yield "slice_update", (STACK, (1, 0, 1), STACK[:2, :1, :2]), {}
    yield "scatter", (np.array([[0, 1], [1, 2], [0, 1]]), X[0], (2, 3)), {}
    yield "scatter_update", (X, np.array([[0, 1], [1, 2]]), V[:2]), {}
    yield "scatter_update", (X, np.array([[0], [1]]), Y), {"reduction": "add"}
    yield "unravel_index", (np.array([5, 2]), (2, 3)), {}
    for name in ("sum", "max", "min", "prod"):
        yield f"segment_{name}", (STACK, np.array([1, 0, 1, 1])), {"num_segments": 2}
        yield f"segment_{name}", (V, np.array([0, 2, 1, 2])), {}
    # Matrices.
    yield "inner", (X, Y), {}
    yield "outer", (V, X), {}
    yield "vdot", (X, Y), {}
    yield "tensordot", (STACK, X.T), {"axes": 1}
    yield "tensordot", (STACK, STACK), {"axes": [[0, 1], [0, 1]]}
    yield "kron", (X, SQUARE), {}
    yield "cross", (X, Y), {}
    yield "cross", (X.T, Y.T), {"axis": 0}
    yield "trace", (STACK,), {"axis1": 1, "axis2": 2}
    yield "diagonal", (SQUARE, 1), {}
    yield from ((name, (SQUARE,), {}) for name in ("det", "inv", "slogdet"))
    yield from ((name, (POSITIVE,), {}) for name in ("logdet", "cholesky", "cholesky_inverse"))
    yield "eigh", (POSITIVE,), {}
    yield "cholesky", (POSITIVE,), {"upper": True}
    yield "solve", (SQUARE, X.T), {}
    yield "solve_triangular", (SQUARE, X.T), {"lower": True}
    yield "cdist", (X, SQUARE), {}
    heads = [RNG.normal(size=(2, n, 3, 4)) for n in (5, 6, 6)]
    yield "dot_product_attention", tuple(heads), {}
    yield "dot_product_attention", tuple(heads), {"is_causal": True, "scale": 0.3}
    yield "dot_product_attention", tuple(heads), {"mask": RNG.uniform(size=(2, 1, 5, 6)) > 0.3}
    for subscripts, operands in {
        "ij,jk->ik": (X, SQUARE),
        "ij,kj": (X, Y),
        "bij,bjk->bki": (STACK, STACK.swapaxes(1, 2)),
        "...ij,jk->...ik": (STACK, SQUARE),
        "ii->i": (SQUARE,),
        "ij->": (X,),
        "abc->cab": (STACK,),
        "i,j->ji": (V, X[0]),
        "ij,ij,ij->j": (X, Y, X),
        "bhd,bhe,de->bh": (STACK, STACK, SQUARE),
        "aij,aik->ak": (STACK, STACK),
    }.items():
        yield "einsum", (subscripts, *operands), {}
    # Statistics.
    yield "average", (X,), {"axis": 1, "weights": np.array([1.0, 2.0, 3.0])}
    yield "moments", (STACK, (0, 2)), {}
    yield "moments", (STACK, 1), {"keepdims": True}
    yield "median", (STACK,), {"axis": (0, 2), "keepdims": True}
    yield "quantile", (STACK, np.array([0.1, 0.5, 0.85])), {"axis": 1}
    yield "quantile", (STACK, np.array([0.1, 0.5])), {"axis": 0, "keepdims": True}
    yield "percentile", (STACK, 30.0), {"axis": 0}
    for method in ("lower", "higher", "midpoint", "nearest"):
        yield "quantile", (X, 0.35), {"method": method}
    yield "ptp", (X,), {"axis": 1, "keepdims": True}
    yield "count_nonzero", (WHOLE,), {"axis": 0}
    yield "cumsum", (STACK,), {"axis": 1}
    yield "cumprod", (STACK,), {"axis": -1}
    yield "cumsum", (WHOLE,), {"axis": 1, "dtype": "float32"}
    yield "diff", (STACK,), {"n": 2, "axis": 0}
    yield "trapezoid", (X,), {"x": np.array([0.0, 1.0, 3.0])}
    yield "trapezoid", (STACK,), {"dx": 0.5, "axis": 0}
    for name in ("sum", "mean", "var", "std", "max", "min", "prod", "argmax", "argmin"):
        yield f"nan{name}", (HOLES,), {}
        yield f"nan{name}", (HOLES,), {"axis": 1}
    yield "nancumsum", (HOLES,), {"axis": 1}
    yield "nancumprod", (HOLES,), {"axis": 0}
    yield "normalize", (STACK,), {"axis": 1, "order": 3}
    yield "batch_normalization", (STACK, V[:3], Y[0], -1), {"offset": V[1:], "scale": Y[1]}
    yield "batch_normalization", (STACK, V[:2], Y[0][:2], 1), {"epsilon": 0.1}
    yield "layer_normalization", (X,), {"gamma": Y[0], "beta": V[:3], "epsilon": 0.1}
    yield "rms_normalization", (X,), {"scale": Y[0]}
    # Crossentropies.
    for name, target in (("binary", HOT), ("categorical", HOT), ("sparse_categorical", [1, 0])):
        yield f"{name}_crossentropy", (np.asarray(target), P), {}
        yield f"{name}_crossentropy", (np.asarray(target), X), {"from_logits": True}
    yield "categorical_crossentropy", (HOT.T, P.T / P.T.sum(axis=0)), {"axis": 0}
    yield "sparse_categorical_crossentropy", (np.array([[1], [0]]), P), {}
    yield "psnr", (X, Y, 2.0), {}
    # What was there before, by another way.
    yield "norm", (X,), {"axis": 1}
    yield "take", (X, np.array([2, 0])), {"axis": 1}
    yield "matmul", (STACK, SQUARE), {}
    yield "where", (X > 0, X, Y), {}


CALLS = list(_calls())


def call_id(call):
    name, arguments, named = call
    shapes = "x".join(str(np.shape(a)).replace(" ", "") for a in arguments[:2])
    return "-".join([name, shapes, *named])
