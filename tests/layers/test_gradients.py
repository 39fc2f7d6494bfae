"""Every layer, loss and activation of the lists against central differences in float64."""

import pytest

import nnkit
from nnkit.testing import check_layer, check_loss
from tests.layers.catalogue import ACTIVATIONS, LAYERS, LOSSES, ONE_HOT, SHARES

# It replaces its kernel in a step; tests/layers/test_normalization.py has its gradient.
CASES = [c for c in LAYERS if not isinstance(c.layer, nnkit.layers.SpectralNormalization)]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_layer(case, batch_size):
    check_layer(
        case.layer,
        case.shape,
        batch_size=case.batch or batch_size,
        tolerance=case.tolerance,
        ids=case.ids,
        masked=case.masked,
        named=case.named,
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


class OfSeveral(nnkit.layers.Layer):
    """(2 a b + s, b s) of a, b and s, which is given by name; some gradients may be wrong."""

    named_inputs = ("s",)

    def __init__(self, wrong=(), **options):
        super().__init__(**options)
        self.wrong = list(wrong)

    def compute_output_shape(self, input_shape):
        return [input_shape[0], input_shape[1]]

    def forward(self, x, training=False, s=None):
        (self.a, self.b), self.s = x, s
        return [2 * self.a * self.b + s, self.b * s]

    def backward(self, dy):
        first, second = dy
        found = [2 * first * self.b, 2 * first * self.a + second * self.s, first + second * self.b]
        found = [2 * g if i in self.wrong else g for i, g in enumerate(found)]
        return found[:2] if 3 in self.wrong else found


class Block(nnkit.layers.Layer):
    """Layers made in ``__init__`` and ``build``, without a data type of their own, and a loss."""

    def __init__(self, **options):
        super().__init__(**options)
        self.gate = nnkit.layers.Dense(3, activation="sigmoid")

    def build(self, input_shape):
        self.other = nnkit.layers.Dense(3)

    def call(self, x):
        gate = self.gate(x)
        self.add_loss(nnkit.ops.mean(gate**2))
        return gate * self.other(x)


def test_layers_inside_are_checked_in_float64_too():
    check_layer(Block(), (4,))
    assert nnkit.config.floatx() == "float32"


def test_several_inputs_and_outputs_pass():
    check_layer(OfSeveral(), [(3,), (3,)], named={"s": (3,)})


OF_SEVERAL = [(OfSeveral([i]), f"gradient of input {i} is wrong") for i in range(3)]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Wrong(), "gradient of the input is wrong"),
        (Adds(2), "not finite, or not all of it was written"),
        (Shapeless(), "compute_output_shape says"),
        (Changes(), "changed its input"),
        *OF_SEVERAL,
        (OfSeveral([3]), "must return a list of gradients, of shapes"),
    ],
)
def test_the_check_sees_a_mistake(layer, message):
    shapes = {"input_shape": [(3,), (3,)], "named": {"s": (3,)}}
    given = shapes if isinstance(layer, OfSeveral) else {"input_shape": (3,)}
    with pytest.raises(AssertionError, match=message):
        check_layer(layer, **given)


def test_the_check_of_a_loss_sees_a_mistake():
    class WrongLoss(nnkit.losses.MeanSquaredError):
        def backward(self, weights):
            return 2 * super().backward(weights)

    with pytest.raises(AssertionError, match="the gradient is wrong"):
        check_loss(WrongLoss(), SHARES, ONE_HOT)
