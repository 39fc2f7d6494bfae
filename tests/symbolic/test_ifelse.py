"""ifelse: one value or another, and the gradient of the one that was taken."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.ifelse import ifelse


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "FAST_RUN"])
def test_value_and_gradient(mode):
    x, y = T.dvector("x"), T.dvector("y")
    z = ifelse(x.sum() > y.sum(), x**2, y**3)
    f = theano.function([x, y], [z, *T.grad(z.sum(), [x, y])], mode)
    for a, b, wanted in (
        ([2, 3], [1], ([4, 9], [4, 6], [0])),
        ([2], [3, 1], ([27, 1], [0], [27, 3])),
    ):
        for found, right in zip(f(a, b), wanted, strict=True):
            np.testing.assert_allclose(found, right)


def test_several_values():
    c, x = T.lscalar("c"), T.dscalar("x")
    both = ifelse(T.eq(c, 0), [x, 1], [2 * x, x], name="first")
    assert both[0].name == "first"
    f = theano.function([c, x], both, "FAST_COMPILE")
    assert f(0, 3.0) == [3, 1]
    assert f(1, 3.0) == [6, 3]


def test_bad_arguments():
    x, m = T.dvector("x"), T.dmatrix("m")
    with pytest.raises(TypeError, match="switch"):
        ifelse(x > 0, x, x)
    with pytest.raises(TypeError, match="'m'"):
        ifelse(x.sum() > 0, x, m)
    with pytest.raises(ValueError, match="2 values"):
        ifelse(x.sum() > 0, [x, x], [x])
