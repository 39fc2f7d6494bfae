"""Every layer, loss and activation of the lists against central differences in float64."""

import pytest

import nnkit
from nnkit.testing import check_layer, check_loss
from tests.layers.catalogue import ACTIVATIONS, LAYERS, LOSSES, ONE_HOT, SHARES


@pytest.mark.parametrize("case", LAYERS, ids=str)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_layer(case, batch_size):
    check_layer(
        case.layer,
        case.shape,
        batch_size=case.batch or batch_size,
        tolerance=case.tolerance,
        ids=case.ids,
        masked=case.masked,
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    check_layer(nnkit.layers.Activation(name), (3, 4))


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_loss(case, rng):
    check_loss(case.loss, case.y_true, case.outputs(rng))


class Wrong(nnkit.layers.Layer):
    """A gradient that is off by a factor, to see that the check sees it."""

    def forward(self, x, training=False):
        self.x = x
        return x * x

    def backward(self, dy):
        return dy * self.x


class Adds(nnkit.layers.Dense):
    """Adds to its gradient instead of overwriting it."""

    recordable = False

    def backward(self, dy):
        before = self.kernel.gradient.copy()
        dx = super().backward(dy)
        self.kernel.gradient += before
        return dx


class Shapeless(nnkit.layers.Layer):
    """Another output shape than it says."""

    def forward(self, x, training=False):
        return x[:, :1]

    def backward(self, dy):
        return dy


class Changes(nnkit.layers.Layer):
    """Changes its input."""

    def forward(self, x, training=False):
        x *= 2
        return x.copy()

    def backward(self, dy):
        return 2 * dy


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Wrong(), "gradient of the input is wrong"),
        (Adds(2), "not finite, or not all of it was written"),
        (Shapeless(), "compute_output_shape says"),
        (Changes(), "changed its input"),
    ],
)
def test_the_check_sees_a_mistake(layer, message):
    with pytest.raises(AssertionError, match=message):
        check_layer(layer, (3,))


def test_the_check_of_a_loss_sees_a_mistake():
    class WrongLoss(nnkit.losses.MeanSquaredError):
        def backward(self, weights):
            return 2 * super().backward(weights)

    with pytest.raises(AssertionError, match="the gradient is wrong"):
        check_loss(WrongLoss(), SHARES, ONE_HOT)
