"""Connectionist temporal classification, whose kernels tests/kernels compares with all paths."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense, TimeDistributed
from nnkit.losses import CTC, ctc
from nnkit.testing import check_loss
from tests.reference import alignment as reference

T = np.array([[1, 2, 0], [3, 3, 1], [0, 0, 0]])


def test_values(rng):
    z = rng.normal(size=(3, 5, 4))
    wanted, _ = reference.ctc(z, T)
    np.testing.assert_allclose(ctc(T, z), wanted)
    np.testing.assert_allclose(CTC(reduction=None)(T, z), wanted)
    assert CTC()(T, z) == pytest.approx(wanted.mean())
    assert CTC(reduction="sum")(T, z) == pytest.approx(wanted.sum())
    weights = np.array([1.0, 0.0, 3.0])
    assert CTC()(T, z, weights) == pytest.approx((wanted * weights).mean())
    check_loss(CTC(), T, z)


@pytest.mark.parametrize("eager", [False, True])
def test_in_a_model(eager, rng):
    """The loss of an epoch is the mean over samples; a step goes down the gradient."""
    x, weights = rng.normal(size=(5, 5, 3)), np.arange(5.0)
    y = T[[0, 1, 2, 1, 0]]
    model = nnkit.Sequential([nnkit.Input((5, 3)), TimeDistributed(Dense(4))])
    model.compile(nnkit.optimizers.SGD(0.5), CTC(), run_eagerly=eager)
    z = model.predict(x)
    wanted, slope = reference.ctc(z, y)
    for batch in (5, 2):
        assert model.evaluate(x, y, batch, 0) == pytest.approx(wanted.mean(), rel=1e-5)
    found = model.evaluate(x, y, 2, 0, weights)
    assert found == pytest.approx((wanted * weights).mean(), rel=1e-5)
    before = model.get_weights()
    model.train_on_batch(x, y, weights)
    bias = (slope * weights[:, None, None] / 5).sum(axis=(0, 1))
    np.testing.assert_allclose(model.get_weights()[1], before[1] - 0.5 * bias, 1e-4, 1e-6)


@pytest.mark.parametrize(
    ("y", "shape", "message"),
    [
        (T, (3, 4), "takes predictions of shape"),
        (T[0], (3, 5, 4), r"targets must have shape \(n, length\)"),
        (T + 2, (3, 5, 4), "from 0 to 3 for 4 outputs, but y"),
        ([[0, 1, 0]], (1, 5, 4), r"zeros stand at the end, but y\[0\]"),
        ([[1, 2, 3], [3, 3, 1]], (2, 3, 4), r"y\[1\] needs 4 steps .* have 3"),
    ],
)
def test_errors(y, shape, message):
    with pytest.raises(ValueError, match=message):
        CTC()(y, np.zeros(shape))
