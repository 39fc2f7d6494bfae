"""Masks on their way through a model: who sees them and hands them on, what the loss counts."""

import numpy as np
import pytest

import nnkit
from nnkit import Sequential
from nnkit.layers import Dense, Flatten, Input, Layer, Parallel

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4, 3)).astype(np.float32)
X[0, 2:] = X[1, :3] = X[4] = 0  # One sample is masked altogether.
KEPT = (X != 0).any(axis=2)
Y = RNG.normal(size=(6, 4, 2)).astype(np.float32)


class MaskZeros(Layer):
    """Masks the steps that are all 0, in NumPy."""

    def compute_mask(self, x, mask=None):
        return (x != 0).any(axis=2)

    def forward(self, x, training=False):
        return x

    def backward(self, dy):
        return dy


class Seen(Layer):
    """Keeps the mask that it was given."""

    supports_masking = True
    uses_mask = True

    def forward(self, x, training=False, mask=None):
        self.seen = None if mask is None else mask.copy().tolist()
        return x + 0

    def backward(self, dy):
        return dy


def model_of(*layers, **options):
    nnkit.utils.set_random_seed(1)
    model = Sequential([Input((4, 3)), *layers])
    model.compile(nnkit.optimizers.SGD(0.1), "mse", metrics=["mae"], **options)
    return model


def expected(model, x, y):
    """Mean squared and absolute error over the steps that count."""
    difference = (model(x) - y)[(x != 0).any(axis=2)]
    return np.square(difference).mean(), np.abs(difference).mean()


@pytest.mark.parametrize("eager", [False, True])
def test_the_loss_and_metrics_leave_out_masked_steps(eager):
    model = model_of(MaskZeros(), Dense(2), run_eagerly=eager)
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), expected(model, X, Y), rtol=1e-5)
    before = expected(model, X, Y)
    logs = model.fit(X, Y, batch_size=6, epochs=1, shuffle=False, verbose=0).history
    np.testing.assert_allclose((logs["loss"][0], logs["mae"][0]), before, rtol=1e-5)


def test_metrics_do_not_depend_on_the_size_of_batches():
    """All steps that count share alike, however many of them a batch has."""
    model = model_of(MaskZeros(), Dense(2))
    for size in (1, 4, 6):
        mae = model.evaluate(X, Y, batch_size=size, verbose=0)[1]
        np.testing.assert_allclose(mae, expected(model, X, Y)[1], rtol=1e-5)


def test_masked_steps_have_no_gradient():
    """What the targets are where nothing counts changes nothing."""
    models = [model_of(MaskZeros(), Dense(2, activation="tanh")) for _ in range(2)]
    other = np.where(KEPT[..., None], Y, 99).astype(np.float32)
    for model, targets in zip(models, (Y, other), strict=True):
        model.fit(X, targets, batch_size=4, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_batch_that_is_masked_altogether_changes_nothing():
    model = model_of(MaskZeros(), Dense(2))
    before = model.get_weights()
    assert model.train_on_batch(X[4:5], Y[4:5], return_dict=True)["loss"] == 0
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sample_weights_count_besides():
    model = model_of(MaskZeros(), Dense(2))
    weight = np.array([1, 2, 0, 1, 5, 1], np.float32)
    per_step = np.square(model(X) - Y).mean(axis=2)
    wanted = (per_step * weight[:, None])[KEPT].sum() / KEPT.sum()
    found = model.evaluate(X, Y, sample_weight=weight, verbose=0)[0]
    assert found == pytest.approx(wanted, rel=1e-5)


def test_layers_hand_masks_on_or_drop_them():
    seen = Seen(), Seen(), Seen()
    model = model_of(MaskZeros(), seen[0], Dense(2), seen[1], Flatten(), seen[2], Dense(1))
    with pytest.warns(UserWarning, match="'flatten' .Flatten. takes no notice of the mask"):
        model(X)
    assert [layer.seen for layer in seen] == [KEPT.tolist(), KEPT.tolist(), None]


def test_masks_in_branches():
    inner, after = Seen(), Seen()
    model_of(MaskZeros(), Parallel([[Dense(2), inner], []]), after)(X)
    assert inner.seen == after.seen == KEPT.tolist()
    dropped = Seen()
    model_of(MaskZeros(), Parallel([[MaskZeros()], []]), dropped)(X)
    assert dropped.seen == KEPT.tolist()  # A step counts where it counts in any branch.


def test_a_mask_can_be_given():
    layer = Seen()
    layer(X, mask=KEPT)
    assert layer.seen == KEPT.tolist()


@pytest.mark.parametrize(
    "mask", [KEPT[:, :2], KEPT.astype(np.float32), KEPT[..., None], np.ones(6, bool)]
)
def test_masks_of_another_shape_or_type_are_refused(mask):
    with pytest.raises(
        ValueError, match=r"dense.*: the mask of inputs of shape .* is bool \(6, 4\)"
    ):
        Dense(2)(X, mask=mask)
