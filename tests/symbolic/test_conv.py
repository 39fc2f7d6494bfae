"""T.nnet.conv2d against loops, and its gradients against differences."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.tools.verify import verify_grad

RNG = np.random.default_rng(5)


def conv2d(x, w, pads=(0, 0), step=(1, 1), flip=True, dilation=(1, 1)):
    w = w[:, :, ::-1, ::-1] if flip else w
    x = np.pad(x, ((0, 0), (0, 0), (pads[0],) * 2, (pads[1],) * 2))
    spans = [(n - 1) * d + 1 for n, d in zip(w.shape[2:], dilation, strict=True)]
    rows, columns = ((x.shape[2 + i] - spans[i]) // step[i] + 1 for i in (0, 1))
    y = np.zeros((len(x), len(w), rows, columns))
    for i in range(rows):
        for j in range(columns):
            a, b = i * step[0], j * step[1]
            window = x[:, :, a : a + spans[0] : dilation[0], b : b + spans[1] : dilation[1]]
            y[:, :, i, j] = np.einsum("nchw,kchw->nk", window, w)
    return y


CASES = {
    "valid": ({}, {}),
    "full": ({"border_mode": "full"}, {"pads": (2, 1)}),
    "half": ({"border_mode": "half"}, {"pads": (1, 1)}),
    "number": ({"border_mode": 1}, {"pads": (1, 1)}),
    "pair": ({"border_mode": (0, 2)}, {"pads": (0, 2)}),
    "subsample": ({"subsample": (2, 3)}, {"step": (2, 3)}),
    "no flip": ({"filter_flip": False}, {"flip": False}),
    "dilation": ({"filter_dilation": (1, 2)}, {"dilation": (1, 2)}),
    "all": (
        {"border_mode": "half", "subsample": (2, 1), "filter_flip": False},
        {"pads": (1, 1), "step": (2, 1), "flip": False},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_conv2d(name):
    options, reference = CASES[name]
    images, filters = RNG.normal(size=(2, 2, 5, 4)), RNG.normal(size=(3, 2, 3, 2))
    x, w = T.dtensor4("x"), T.dtensor4("w")
    f = theano.function([x, w], T.nnet.conv2d(x, w, **options), "FAST_COMPILE")
    np.testing.assert_allclose(f(images, filters), conv2d(images, filters, **reference))
    verify_grad(
        lambda x, w: T.nnet.conv2d(x, w, **options),
        [images, filters],
        n_tests=1,
        mode="FAST_COMPILE",
    )


def test_second_gradient():
    images, filters = RNG.normal(size=(1, 2, 4, 4)), RNG.normal(size=(2, 2, 2, 2))

    def by_both(x, w):
        gradients = T.grad((T.nnet.conv2d(x, w, subsample=(2, 1)) ** 3).sum(), [x, w])
        return sum((g**2).sum() for g in gradients)

    verify_grad(by_both, [images, filters], n_tests=1, mode="FAST_COMPILE")


def test_data_types():
    x, w = T.ftensor4("x"), T.dtensor4("w")
    y = T.nnet.conv2d(x, w)
    assert y.dtype == "float64"
    assert [g.dtype for g in T.grad(y.sum(), [x, w])] == ["float32", "float64"]


def test_bad_arguments():
    x, w = T.dtensor4("x"), T.dtensor4("w")
    with pytest.raises(TypeError, match="'m'"):
        T.nnet.conv2d(T.dmatrix("m"), w)
    with pytest.raises(ValueError, match="border_mode"):
        T.nnet.conv2d(x, w, border_mode="same")
    with pytest.raises(ValueError, match="subsample"):
        T.nnet.conv2d(x, w, subsample=(0, 1))
    with pytest.raises(ValueError, match="four sizes"):
        T.nnet.conv2d(x, w, input_shape=(1, 2))
    with pytest.raises(ValueError, match="other channels"):
        T.nnet.conv2d(x, w, input_shape=(None, 3, 8, 8), filter_shape=(2, 1, 3, 3))


def test_shapes_that_do_not_fit():
    x, w = T.dtensor4("x"), T.dtensor4("w")
    f = theano.function([x, w], T.nnet.conv2d(x, w), "FAST_COMPILE")
    with pytest.raises(ValueError, match="3 channels"):
        f(np.ones((1, 3, 4, 4)), np.ones((1, 2, 2, 2)))
    with pytest.raises(ValueError, match="don't fit"):
        f(np.ones((1, 2, 4, 4)), np.ones((1, 2, 5, 2)))


@pytest.mark.parametrize("border", ["valid", "half", "full", (1, 0)])
@pytest.mark.parametrize("step", [(1, 1), (2, 3)])
def test_transpose(border, step):
    """What conv2d's gradient by the images is, as an operation of its own: shapes go back."""
    rng = np.random.default_rng(0)
    images, filters = rng.normal(size=(2, 3, 7, 8)), rng.normal(size=(4, 3, 3, 3))
    x, w = T.dtensor4("x"), T.dtensor4("w")
    small = T.nnet.conv2d(x, w, border_mode=border, subsample=step)
    g = small.type("g")
    large = T.nnet.conv2d_transpose(g, w, (None, None, 7, 8), None, border, step)
    given = theano.function([x, w], small, "FAST_COMPILE")(images, filters)
    pulled = theano.function([x, w, g], T.Lop(small, x, g), "FAST_COMPILE")
    np.testing.assert_allclose(
        theano.function([g, w], large, "FAST_COMPILE")(given, filters),
        pulled(images, filters, given),
    )
    rows = T.nnet.conv2d_transpose(g, w, x.shape[2:], border_mode=border, input_dilation=step)
    f = theano.function([x, g, w], rows, "FAST_COMPILE")
    assert f(images, given, filters).shape == images.shape
    verify_grad(
        lambda g, w: T.nnet.conv2d_transpose(g, w, (2, 3, 7, 8), None, border, step),
        [given[:, :2] / 10, filters[:2]],
        n_tests=1,
        rel_tol=1e-6,
        mode="FAST_COMPILE",
    )


def test_transpose_of_what():
    with pytest.raises(TypeError, match="conv2d_transpose takes tensors with four axes, got 'v'"):
        T.nnet.conv2d_transpose(T.dvector("v"), T.dtensor4(), (1, 1, 2, 2))
    with pytest.raises(ValueError, match="two or four sizes"):
        T.nnet.conv2d_transpose(T.dtensor4(), T.dtensor4(), (1, 2, 2))
