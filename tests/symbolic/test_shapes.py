"""Shapes, new tensors, joining and sorting: results as NumPy's, gradients as differences say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T

SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=3)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Nothing is compiled: these tests are about what graphs mean."""
    monkeypatch.setattr(theano.config, "mode", "FAST_COMPILE")


def tensors(*arrays):
    """Variables for arrays; no axis is known to be of size 1."""
    return [T.TensorType(str(a.dtype), [False] * a.ndim)(f"x{i}") for i, a in enumerate(arrays)]


def check(fun, expected, *arrays):
    """A function of tensors gives an array, in shape and data type; its gradient is right."""
    variables = tensors(*arrays)
    result = fun(*variables)
    found = theano.function(variables, result)(*arrays)
    expected = np.asarray(expected)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype == result.dtype
    for size, one in zip(found.shape, result.broadcastable, strict=True):
        assert size == 1 or not one
    floats = [a for a in arrays if a.dtype == "float64"]

    def of_floats(*given):
        rest = iter(given)
        return fun(
            *(
                T.unbroadcast(next(rest), *range(a.ndim)) if a.dtype == "float64" else a
                for a in arrays
            )
        )

    if floats and result.dtype == "float64":
        close = {"abs_tol": 1e-8, "rel_tol": 1e-6}
        T.verify_grad(of_floats, floats, n_tests=1, rng=0, **close)


def random(*shape):
    return np.random.default_rng(3).normal(size=shape)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(SIZES)
def test_of_any_shape(shape):
    x = random(*shape)
    last = len(shape) - 1
    check(lambda x: x.flatten(), x.flatten(), x)
    check(lambda x: x.reshape(x.shape[::-1]), x.reshape(shape[::-1]), x)
    check(lambda x: x.T, x.T, x)
    check(lambda x: T.stack([x, 2 * x], axis=-1), np.stack([x, 2 * x], -1), x)
    check(lambda x: T.concatenate([x, x * x], axis=-1), np.concatenate([x, x * x], -1), x)
    check(lambda x: T.tile(x, (2, 1, 3)), np.tile(x, (2, 1, 3)), x)
    check(lambda x: T.repeat(x, 2, axis=-1), np.repeat(x, 2, -1), x)
    check(lambda x: T.roll(x, -4, axis=last), np.roll(x, -4, last), x)
    check(lambda x: T.flip(x, -1), np.flip(x, -1), x)
    check(lambda x: T.sort(x, axis=0), np.sort(x, 0), x)
    check(lambda x: T.argsort(x), np.argsort(x, kind="stable"), x)
    check(lambda x: T.moveaxis(x, 0, -1), np.moveaxis(x, 0, -1), x)
    check(lambda x: T.shape_padright(x, 2), x[..., None, None], x)


def test_dimshuffle():
    x = random(2, 3)
    check(lambda x: x.dimshuffle(1, "x", 0), x.T[:, None], x)
    check(lambda x: x.dimshuffle(("x", -1, 0)), x.T[None], x)
    check(lambda x: T.addbroadcast(x, 0).dimshuffle(1), x[0], x[:1])
    assert T.dmatrix().dimshuffle(1, "x", 0).broadcastable == (False, True, False)
    with pytest.raises(ValueError, match=r"'m'.*not known to be of size 1"):
        T.dmatrix("m").dimshuffle(0)
    with pytest.raises(ValueError, match="no axes"):
        T.dmatrix("m").dimshuffle(0, 2)


def test_transpose_and_axes():
    x = random(2, 3, 4)
    check(lambda x: x.transpose(1, 2, 0), x.transpose(1, 2, 0), x)
    check(lambda x: x.swapaxes(0, -1), np.swapaxes(x, 0, -1), x)
    check(lambda x: T.rollaxis(x, 2, 1), np.rollaxis(x, 2, 1), x)
    check(lambda x: T.moveaxis(x, (0, 1), (2, 0)), np.moveaxis(x, (0, 1), (2, 0)), x)
    check(lambda x: T.expand_dims(x, (0, -1)), x[None, ..., None], x)
    check(lambda x: T.shape_padleft(x, 2), x[None, None], x)
    check(lambda x: T.shape_padaxis(x, 1), x[:, None], x)
    with pytest.raises(ValueError, match="3 axes"):
        T.transpose(T.tensor3(), (0, 1))
    with pytest.raises(ValueError, match="no axis 3"):
        T.swapaxes(T.tensor3(), 0, 3)


def test_reshape_and_flatten():
    x = random(2, 3, 4)
    check(lambda x: x.reshape((4, -1)), x.reshape(4, -1), x)
    check(lambda x: x.reshape((x.shape[0], x.shape[1] * x.shape[2])), x.reshape(2, 12), x)
    check(lambda x: x.reshape([T.constant(6), 4]), x.reshape(6, 4), x)
    check(lambda x: x.reshape(T.concatenate([x.shape[:1], [12]])), x.reshape(2, 12), x)
    check(lambda x: x.reshape(-1), x.reshape(-1), x)
    check(lambda x: x.flatten(2), x.reshape(2, 12), x)
    check(lambda x: x.flatten(3), x, x)
    check(lambda x: x.flatten(2), np.zeros((0, 6)), np.zeros((0, 2, 3)))
    assert T.dvector().reshape((1, -1)).broadcastable == (True, False)
    v = T.lvector("v")
    f = theano.function([v], T.arange(6).reshape(v, ndim=2))
    assert f([2, 3]).shape == (2, 3)
    with pytest.raises(ValueError, match=r"'v'.*can't be told"):
        T.arange(6).reshape(v)
    with pytest.raises(ValueError, match="2 sizes were given for 3 axes"):
        T.dvector().reshape((2, 3), ndim=3)
    with pytest.raises(ValueError, match="only one size may be -1"):
        T.dvector().reshape((-1, -1))
    with pytest.raises(TypeError, match="must be an integer"):
        T.dvector().reshape((2.0, 3))
    with pytest.raises(ValueError, match="can't be flattened to 3"):
        T.dmatrix().flatten(3)


def test_shape():
    x = random(2, 3)
    check(lambda x: x.shape, np.array([2, 3]), x)
    check(lambda x: x.shape[-1] - 1, np.array(2), x)
    check(lambda x: x.shape[0:1], np.array([2]), x)
    check(lambda x: x / x.shape[1], x / 3, x)
    assert isinstance(T.col().shape[1], T.Constant)
    assert T.get_vector_length(T.tensor3().shape[1:]) == 2
    with pytest.raises(ValueError, match="no axis 2"):
        T.dmatrix().shape[2]


def test_squeeze_and_patterns():
    x = random(2, 1, 3)
    check(lambda x: x.squeeze(1), x[:, 0], x)
    check(lambda x: T.squeeze(T.addbroadcast(x, 1)), x[:, 0], x)
    check(lambda x: T.addbroadcast(x, 1) + T.ones((2, 4, 3)), x + np.ones((2, 4, 3)), x)
    assert T.unbroadcast(T.row(), 0).broadcastable == (False, False)
    x = T.dmatrix("x")
    with pytest.raises(ValueError, match="said to be of size 1"):
        T.addbroadcast(x, 0).eval({x: np.ones((2, 2))})
    with pytest.raises(ValueError, match=r"'x'.*2 axes"):
        T.patternbroadcast(x, [True])


def test_new_tensors():
    check(lambda x: T.zeros(x.shape), np.zeros((2, 3)), random(2, 3))
    check(lambda x: T.zeros((2, x.shape[1]), "int32"), np.zeros((2, 3), "int32"), random(2, 3))
    check(lambda: T.ones(3), np.ones(3))
    check(lambda: T.full((2, 1), 7, "float32"), np.full((2, 1), 7, "float32"))
    check(lambda: T.empty((2, 0)), np.zeros((2, 0)))
    check(lambda x: T.alloc(x, 2, x.shape[0]), np.ones((2, 3)), np.ones(3))
    check(lambda x: T.alloc(x, 1, x.shape[0]), np.ones((1, 3)), np.ones(3))
    check(lambda x: T.broadcast_to(x.dimshuffle(0, "x"), (3, 2)), np.ones((3, 2)), np.ones(3))
    check(lambda x: T.zeros_like(x), np.zeros((2, 3)), random(2, 3))
    check(lambda x: T.ones_like(x, "int8"), np.ones((2, 3), "int8"), random(2, 3))
    check(lambda x: T.full_like(x, x.sum()), np.full(2, 3.0), np.array([1.0, 2.0]))
    assert T.zeros((1, T.lscalar())).broadcastable == (True, False)
    with pytest.raises(ValueError, match="more axes"):
        T.alloc(T.dmatrix(), 2)


def test_arange():
    check(lambda: T.arange(5), np.arange(5))
    check(lambda x: T.arange(x.shape[0]), np.arange(3), random(3))
    check(lambda: T.arange(2, 9, 3), np.arange(2, 9, 3))
    check(lambda: T.arange(5, dtype="float32"), np.arange(5, dtype="float32"))
    check(lambda: T.arange(5, 1, -1), np.arange(5, 1, -1))
    check(lambda x: T.arange(x, 3.2, x), np.arange(0.5, 3.2, 0.5), np.array(0.5))
    with pytest.raises(TypeError, match="arange takes numbers"):
        T.arange(T.dvector())


def test_diagonals_and_triangles():
    x = random(3, 4)
    check(lambda: T.eye(3), np.eye(3))
    check(lambda: T.eye(2, 3, 1, dtype="int32"), np.eye(2, 3, 1, dtype="int32"))
    check(lambda x: T.identity_like(x), np.eye(3, 4), x)
    check(lambda: T.tri(3, 4, -1), np.tri(3, 4, -1))
    check(lambda x: T.tril(x, 1), np.tril(x, 1), x)
    check(lambda x: T.triu(x), np.triu(x), x)
    check(lambda x: T.triu(x, -1), np.triu(x[None], -1), x[None])
    with pytest.raises(ValueError, match="two axes"):
        T.tril(T.dvector())


def test_to_one_hot():
    y = np.array([2, 0, 2])
    check(lambda y: T.to_one_hot(y, 3), np.eye(3)[y], y)
    check(lambda y: T.to_one_hot(y, 3, "int8"), np.eye(3, dtype="int8")[y], y)
    with pytest.raises(TypeError, match="vector of integers"):
        T.to_one_hot(T.dvector(), 3)
    y = T.lvector("y")
    with pytest.raises(IndexError):
        T.to_one_hot(y, 2).eval({y: [0, 2]})


def test_join():
    x, y = random(2, 3), random(2, 1)
    check(lambda x, y: T.join(1, x, y, x), np.concatenate([x, y, x], 1), x, y)
    check(lambda x: T.concatenate([x[:, :1], x[:1, :1]]), [x[0, :1], x[1, :1], x[0, :1]], x)
    check(lambda x, y: T.horizontal_stack(x, y), np.hstack([x, y]), x, y)
    check(lambda x: T.vertical_stack(x, x), np.vstack([x, x]), x)
    check(lambda x: T.stack(x, x * 2), np.stack([x, x * 2]), x)
    check(lambda x: T.stack([x[0, 0], 1.5]), np.array([x[0, 0], 1.5]), x)
    # A column made by dimshuffle gets its gradient back.
    check(
        lambda x: T.concatenate([x[:, 0].dimshuffle(0, "x"), x], axis=1),
        np.concatenate([x[:, :1], x], 1),
        x,
    )
    check(lambda x: T.stacklists([[x[0, 0], 1.5], x[0, :2]]), [[x[0, 0], 1.5], x[0, :2]], x)
    assert T.concatenate([T.ivector(), T.fvector()]).dtype == "float64"
    with pytest.raises(TypeError, match="as many axes"):
        T.concatenate([T.dmatrix(), T.dvector()])
    with pytest.raises(TypeError, match="list of tensors"):
        T.concatenate(T.dmatrix())
    with pytest.raises(TypeError, match="scalars can't be joined"):
        T.concatenate([T.dscalar(), T.dscalar()])
    with pytest.raises(ValueError, match="nothing to join"):
        T.concatenate([])
    with pytest.raises(TypeError, match="matrices are expected"):
        T.vertical_stack(T.dvector(), T.dvector())


def test_split():
    x = random(2, 6)
    for i, part in enumerate(np.split(x, [2, 3], axis=1)):
        check(lambda x, i=i: T.split(x, [2, 1, 3], 3, axis=1)[i], part, x)
    check(lambda x: T.split(x, x.shape[0:1], 1, axis=0)[0], x, x)
    with pytest.raises(ValueError, match="2 sizes were given for 3 parts"):
        T.split(T.dvector(), [1, 2], 3)


def test_repeat_tile_and_roll():
    x = random(2, 3)
    check(lambda x: T.repeat(x, 2), np.repeat(x, 2), x)
    check(lambda x: x.repeat([2, 0, 1], axis=1), np.repeat(x, [2, 0, 1], 1), x)
    n = (x[0] + 9).astype("int64")
    check(lambda x: T.repeat(x[0], T.cast(x[0] + 9, "int64")), x[0].repeat(n), x)
    check(lambda x: T.repeat(x, x.shape[0], axis=0), np.repeat(x, 2, 0), x)
    check(lambda x: T.tile(x, 2), np.tile(x, 2), x)
    check(lambda x: T.tile(x, [x.shape[1]], ndim=3), np.tile(x, 3)[None], x)
    check(lambda x: T.roll(x, 2), np.roll(x, 2), x)
    check(lambda x: T.flip(x), np.flip(x), x)
    with pytest.raises(TypeError, match="repeats"):
        T.repeat(T.dvector(), T.dvector())


def test_sort():
    x = random(3, 4)
    check(lambda x: x.sort(), np.sort(x), x)
    check(lambda x: T.sort(x, axis=None), np.sort(x, None), x)
    check(lambda x: T.sort(x, axis=1), np.sort(x, 1), random(3, 4))
    check(lambda x: x.argsort(axis=None), np.argsort(x, None), x)
    check(lambda x: x[T.argsort(x)], np.sort(x[0]), x[0])


def test_take_along_axis():
    x, i = random(3, 4), np.array([[3, 1], [0, 0], [2, 3]])
    check(lambda x, i: T.take_along_axis(x, i, 1), np.take_along_axis(x, i, 1), x, i)
    check(lambda x: T.take_along_axis(x, i), np.take_along_axis(x, i, 1), x)
    with pytest.raises(ValueError, match="2 axes as their tensor"):
        T.take_along_axis(T.dmatrix(), T.lvector())


def test_extra_ops():
    x, p = random(3, 4), np.array([[1, 3, 0, 2]] * 3)
    check(lambda x: T.diff(x), np.diff(x), x)
    check(lambda x: T.diff(x, 2, axis=0), np.diff(x, 2, axis=0), x)
    check(lambda x: T.fill_diagonal(x, 7), np.where(np.eye(3, 4), 7, x), x)
    check(lambda x: T.fill_diagonal(x, x[0, :3]), np.where(np.eye(3, 4), x[0], x), x)
    check(lambda x: T.compress([1, 0, 1], x, axis=0), x[[0, 2]], x)
    check(lambda x: T.permute_row_elements(x, p), x[:, p[0]], x)
    check(lambda x: T.permute_row_elements(x, p, inverse=True), x[:, p[0].argsort()], x)
    check(lambda x: T.extra_ops.repeat(x, 2), np.repeat(x, 2), x)
    v = np.array([3, 0, 3])
    check(lambda v: T.bincount(v), np.bincount(v), v)
    w = random(3)
    check(lambda v, w: T.bincount(v, w, 6), np.bincount(v, w, 6), v, w)
    with pytest.raises(TypeError, match="vector of integers"):
        T.bincount(T.dvector())
    with pytest.raises(TypeError, match="takes a matrix"):
        T.fill_diagonal(T.dvector(), 0)
