"""Models whose inputs have sizes of None: each length gives what a model for it gives."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling2D,
    Lambda,
    Layer,
    LayerNormalization,
    Masking,
    MaxPooling1D,
    PReLU,
    Reshape,
    SpatialDropout1D,
    TimeDistributed,
    UpSampling1D,
)

WORDS = 9
STACKS = {
    "convolution": (
        (None, 3),
        lambda: [
            Conv1D(4, 3, activation="relu"),
            MaxPooling1D(2),
            BatchNormalization(momentum=0.8),
            UpSampling1D(2),
            GlobalAveragePooling1D(),
            Dense(2),
        ],
    ),
    "recurrence": (
        (None, 3),
        lambda: [Masking(), LSTM(4, return_sequences=True), GRU(3), Dense(2)],
    ),
    "words": ((None,), lambda: [Embedding(WORDS, 3, mask_zero=True), LSTM(4), Dense(2)]),
    "images": (
        (None, None, 2),
        lambda: [
            Conv2D(3, 3, padding="same"),
            PReLU("ones", shared_axes=[1, 2]),
            GlobalMaxPooling2D(),
            Dense(2),
        ],
    ),
    "sequences": (
        (None, 3),
        lambda: [
            SpatialDropout1D(0.3, seed=1),
            Bidirectional(GRU(2, return_sequences=True)),
            LayerNormalization(),
            TimeDistributed(Dense(2, "tanh")),
        ],
    ),
    "shapes": (
        (None, 4),
        lambda: [Reshape((-1, 2)), Dense(3), Lambda(lambda x: x[:, 1:]), Dense(2)],
    ),
}
MODELS = pytest.mark.parametrize(("shape", "stack"), STACKS.values(), ids=STACKS)


def compiled(shape, stack, weights=None, **options):
    nnkit.utils.set_random_seed(5)
    model = nnkit.Sequential([nnkit.Input(shape), *stack()])
    if weights is not None:
        model.set_weights(weights)
    model.compile(nnkit.optimizers.SGD(0.1), "mse", **options)
    return model


def data_of(model, shape, length, rng, rows=6):
    """Rows of a length; some timesteps are zeros."""
    sizes = (rows, *(length if n is None else n for n in shape))
    if len(sizes) == 2:
        x = rng.integers(0, WORDS, sizes)
    else:
        x = rng.normal(size=sizes).astype(np.float32)
        x[:, -1] = 0
    y_shape = model.compute_output_shape(sizes)
    return x, rng.normal(size=y_shape).astype(np.float32)


@MODELS
@pytest.mark.parametrize("eager", [False, True])
def test_each_length_trains_as_in_a_model_for_it(shape, stack, eager, rng):
    model = compiled(shape, stack, run_eagerly=eager)
    for length in (8, 5, 8, 6):
        x, y = data_of(model, shape, length, rng)
        fixed = compiled(x.shape[1:], stack, model.get_weights(), run_eagerly=eager)
        np.testing.assert_array_equal(model.predict(x, 4), fixed.predict(x, 4))
        wanted = fixed.evaluate(x, y, 4, verbose=0)
        assert model.evaluate(x, y, 4, verbose=0) == wanted
        if not any(getattr(layer, "rate", 0) for layer in model.layers):  # Drawn by the step.
            model.fit(x, y, 4, verbose=0, shuffle=False)
            fixed.fit(x, y, 4, verbose=0, shuffle=False)
            for one, other in zip(model.get_weights(), fixed.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)


@MODELS
def test_a_file_keeps_unknown_sizes(shape, stack, rng, tmp_path):
    if any(isinstance(layer, Lambda) for layer in stack()):
        pytest.skip("a function without a name in files")
    model = compiled(shape, stack)
    model.save(tmp_path / "model.h5")
    loaded = nnkit.load_model(tmp_path / "model.h5")
    assert loaded.input_shape == model.input_shape == (None, *shape)
    assert loaded.output_shape == model.output_shape
    for length in (5, 8):
        x, _ = data_of(model, shape, length, rng)
        np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_a_weight_that_depends_on_a_length_is_refused():
    message = r"cannot build 'dense': .*shape is \(None, None\); give the size in Input"
    with pytest.raises(ValueError, match=message):
        nnkit.Sequential([nnkit.Input((None, 8)), Flatten(), Dense(1)])


def test_what_does_not_fit_the_known_sizes_is_refused(rng):
    model = compiled((None, 3), lambda: [LSTM(2), Dense(1)])
    for shape in ((4, 5, 2), (4, 3), (4, 5, 3, 2)):
        with pytest.raises(ValueError, match=r"\(.*None, 3\)"):
            model.predict(np.ones(shape))
    assert model.predict(np.ones((4, 7, 3))).shape == (4, 1)


def test_a_model_built_by_its_first_data_takes_another_length(rng):
    model = nnkit.Sequential([LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    x = rng.normal(size=(4, 5, 3)).astype(np.float32)
    model.fit(x, np.ones(4), verbose=0)
    fixed = nnkit.Sequential([nnkit.Input((9, 3)), LSTM(2), Dense(1)])
    fixed.set_weights(model.get_weights())
    longer = rng.normal(size=(4, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(model.predict(longer), fixed.predict(longer))


def test_a_layer_of_ones_own_says_what_its_weights_depend_on(rng):
    class Scale(Layer):
        def build(self, input_shape):
            self.factor = self.add_weight("factor", input_shape[-1:], "ones")

        def fixed_sizes(self, shape):
            return shape[-1:]

        def call(self, x):
            return x * self.factor

    model = compiled((None, 3), lambda: [Scale(), GlobalAveragePooling1D()])
    for length in (4, 6):
        x = rng.normal(size=(5, length, 3)).astype(np.float32)
        np.testing.assert_allclose(model.predict(x), x.mean(axis=1), 1e-5, 1e-6)
        model.fit(x, np.ones((5, 3)), verbose=0)
        model.layers[0].set_weights([np.ones(3)])
