"""Operations of nnkit.backend: of arrays, of placeholders, and of expressions in losses."""

import numpy as np
import pytest

import nnkit
from nnkit import backend as K
from nnkit.layers import Dense, Input, Lambda, Layer
from nnkit.nested import leaves

RNG = np.random.default_rng(3)
X = RNG.normal(size=(2, 3))
Y = RNG.uniform(0.5, 2, (2, 3))
STACK = RNG.normal(size=(4, 2, 3))
IMAGES = RNG.normal(size=(2, 3, 4, 2))
P = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]])
HOT = np.eye(3)[[1, 0]]
# By function: arguments, and what it gives.
CASES = [
    ("abs", (X,), np.abs(X)),
    ("sqrt", (X,), np.sqrt(np.maximum(X, 0))),
    ("square", (X,), X**2),
    ("exp", (X,), np.exp(X)),
    ("log", (Y,), np.log(Y)),
    ("pow", (Y, 3), Y**3),
    ("clip", (X, -0.5, 0.5), np.clip(X, -0.5, 0.5)),
    ("clip", (X, None, 0.5), np.minimum(X, 0.5)),
    ("sum", (STACK, 1), STACK.sum(1)),
    ("mean", (STACK, (0, 2), True), STACK.mean((0, 2), keepdims=True)),
    ("mean", (np.array([[1, 2], [3, 5]]), -1), [1.5, 4.0]),
    ("mean", (X > 0,), np.mean(X > 0)),
    ("prod", (X,), X.prod()),
    ("max", (X, -1), X.max(-1)),
    ("min", (X, 0), X.min(0)),
    ("var", (X,), X.var()),
    ("std", (X, 1), X.std(1)),
    ("any", (X > 1, 1), (X > 1).any(1)),
    ("all", (X > -9,), True),
    ("argmax", (X,), X.argmax(-1)),
    ("argmin", (X, 0), X.argmin(0)),
    ("logsumexp", (X, 1), np.log(np.exp(X).sum(1))),
    ("cumsum", (X, 1), X.cumsum(1)),
    ("cumprod", (X,), X.cumprod(0)),
    ("l2_normalize", (X, 1), X / np.linalg.norm(X, axis=1, keepdims=True)),
    ("l2_normalize", (X,), X / np.linalg.norm(X)),
    ("dot", (STACK, Y.T), STACK @ Y.T),
    ("batch_dot", (X, Y, 1), (X * Y).sum(1, keepdims=True)),
    ("batch_dot", (STACK, STACK, (2, 2)), STACK @ STACK.swapaxes(1, 2)),
    ("batch_dot", (STACK, STACK.swapaxes(1, 2)), STACK @ STACK.swapaxes(1, 2)),
    ("batch_dot", (STACK, STACK[:, 0], (2, 1)), np.einsum("bij,bj->bi", STACK, STACK[:, 0])),
    ("concatenate", ([X, Y],), np.concatenate([X, Y], -1)),
    ("stack", ([X, Y], 1), np.stack([X, Y], 1)),
    ("relu", (X,), np.maximum(X, 0)),
    ("relu", (X, 0.1, 0.5, 0.2), np.where(X < 0.2, 0.1 * (X - 0.2), np.minimum(X, 0.5))),
    ("elu", (X, 0.5), np.where(X > 0, X, 0.5 * np.expm1(X))),
    ("softmax", (X,), np.exp(X) / np.exp(X).sum(-1, keepdims=True)),
    ("softplus", (X,), np.log1p(np.exp(X))),
    ("softsign", (X,), X / (1 + np.abs(X))),
    ("sigmoid", (X,), 1 / (1 + np.exp(-X))),
    ("hard_sigmoid", (4 * X,), np.clip(0.8 * X + 0.5, 0, 1)),
    ("tanh", (X,), np.tanh(X)),
    ("sign", (X,), np.sign(X)),
    ("round", (X,), np.round(X)),
    ("sin", (X,), np.sin(X)),
    ("cos", (X,), np.cos(X)),
    ("maximum", (X, Y), np.maximum(X, Y)),
    ("minimum", (X, 0.1), np.minimum(X, 0.1)),
    ("equal", (X, X), X == X),
    ("not_equal", (X, Y), X != Y),
    ("greater", (X, 0.0), X > 0),
    ("greater_equal", (X, Y), X >= Y),
    ("less", (X, Y), X < Y),
    ("less_equal", (X, Y), X <= Y),
    ("cast", (X, "int32"), X.astype("int32")),
    ("cast_to_floatx", (X > 0,), (X > 0).astype("float32")),
    ("reshape", (X, (3, 2)), X.reshape(3, 2)),
    ("permute_dimensions", (STACK, (1, 0, 2)), STACK.transpose(1, 0, 2)),
    ("transpose", (X,), X.T),
    ("expand_dims", (X,), X[..., None]),
    ("expand_dims", (X, 1), X[:, None]),
    ("squeeze", (X[:, None], 1), X),
    ("flatten", (STACK,), STACK.ravel()),
    ("batch_flatten", (STACK,), STACK.reshape(4, -1)),
    ("repeat", (X, 3), np.repeat(X[:, None], 3, 1)),
    ("repeat_elements", (X, 2, 1), np.repeat(X, 2, 1)),
    ("tile", (X, (1, 2)), np.tile(X, (1, 2))),
    ("reverse", (STACK, (0, 2)), STACK[::-1, :, ::-1]),
    ("slice", (STACK, (1, 0, 1), (2, -1, 2)), STACK[1:3, :, 1:3]),
    ("zeros", ((2, 3),), np.zeros((2, 3))),
    ("ones", ((2, 3),), np.ones((2, 3))),
    ("eye", (3,), np.eye(3)),
    ("eye", ((2, 3),), np.eye(2, 3)),
    ("zeros_like", (X,), 0 * X),
    ("ones_like", (X,), np.ones((2, 3))),
    ("arange", (2, 8, 3), [2, 5]),
    ("one_hot", (np.array([2, 0]), 3), np.eye(3)[[2, 0]]),
    ("gather", (X, np.array([1, 0, 1])), X[[1, 0, 1]]),
    ("in_top_k", (P, np.array([2, 1]), 2), [True, True]),
    ("switch", (X > 0, X, Y), np.where(X > 0, X, Y)),
    ("switch", (X[:, 0] > 0, X, Y), np.where(X[:, :1] > 0, X, Y)),
    ("temporal_padding", (STACK, (2, 0)), np.pad(STACK, ((0, 0), (2, 0), (0, 0)))),
    ("spatial_2d_padding", (IMAGES,), np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0)))),
    ("resize_images", (IMAGES, 2, 3), IMAGES.repeat(2, 1).repeat(3, 2)),
    ("resize_images", (IMAGES, 2, 3, "channels_first"), IMAGES.repeat(2, 2).repeat(3, 3)),
    ("bias_add", (IMAGES, Y[:, 0]), IMAGES + Y[:, 0]),
    ("bias_add", (IMAGES, Y[0], "channels_first"), IMAGES + Y[0][:, None, None]),
    ("categorical_crossentropy", (HOT, P), -np.log([0.3, 0.9])),
    ("sparse_categorical_crossentropy", (np.array([1, 0]), P), -np.log([0.3, 0.9])),
    ("binary_crossentropy", (HOT, P), -np.log(np.where(HOT, P, 1 - P))),
    ("stop_gradient", (X,), X),
    ("identity", (X,), X),
    (
        "batch_normalization",
        (X, X.mean(0), X.var(0), Y[0], Y[1]),
        (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3) * Y[1] + Y[0],
    ),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), CASES, ids=lambda v: str(v)[:24])
def test_of_arrays_and_of_placeholders(name, arguments, expected):
    function, expected = getattr(K, name), np.asarray(expected)
    found = function(*arguments)
    assert isinstance(found, (np.ndarray, np.generic))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    flat = leaves(list(arguments))
    arrays = [a for a in flat if isinstance(a, np.ndarray) and a.dtype == np.float64]
    if not arrays:
        return

    def call(x):
        """Each array is the one row of a batch."""
        given = iter(x)

        def one(a):
            if isinstance(a, list):
                return [one(v) for v in a]
            return next(given)[0] if any(a is b for b in arrays) else a

        return K.expand_dims(function(*(one(a) for a in arguments)), 0)

    layer = Lambda(call, dtype="float64")
    made = layer([a[None] for a in arrays])
    np.testing.assert_allclose(made[0], expected, rtol=1e-6, atol=1e-7)


def test_every_operation_is_tried():
    from nnkit.backend import operations

    tried = {name for name, _, _ in CASES}
    assert set(operations.__all__) - tried == {"resize_volumes", "spatial_3d_padding"}
    volumes = RNG.normal(size=(1, 2, 3, 2, 2))
    repeated = volumes.repeat(2, 1).repeat(2, 3)
    np.testing.assert_array_equal(K.resize_volumes(volumes, 2, 1, 2), repeated)
    assert K.spatial_3d_padding(volumes, ((1, 0), (0, 0), (2, 2))).shape == (1, 3, 3, 6, 2)


class TestInPrograms:
    """Layers, losses and metrics as scripts for Keras 2 write them."""

    def test_a_loss_and_a_metric(self, rng):
        def loss(y_true, y_pred):
            return K.mean(K.square(y_pred - y_true), axis=-1)

        def huber(y_true, y_pred):
            error = K.abs(y_true - y_pred)
            return K.mean(K.switch(error < 1.0, 0.5 * K.square(error), error - 0.5), axis=-1)

        def dice(y_true, y_pred):
            common = K.sum(K.flatten(y_true) * K.flatten(y_pred))
            return (2 * common + 1) / (K.sum(y_true) + K.sum(y_pred) + 1)

        def share(y_true, y_pred):
            return K.mean(K.cast(K.equal(K.round(y_pred), y_true), K.floatx()))

        x = rng.normal(size=(20, 3)).astype("float32")
        y = (x[:, :2] > 0).astype("float32")
        for function in (loss, huber, lambda t, p: 1 - dice(t, p)):
            model = nnkit.Sequential([Input((3,)), Dense(2, "sigmoid")])
            model.compile(nnkit.optimizers.Adam(0.1), function, metrics=[share])
            losses = model.fit(x, y, epochs=8, verbose=0, batch_size=10).history["loss"]
            assert losses[-1] < losses[0]
            p = model.predict(x)
            found = model.evaluate(x, y, verbose=0, batch_size=20)
            error = np.abs(y - p)
            expected = {
                loss: np.square(error).mean(),
                huber: np.where(error < 1, error**2 / 2, error - 0.5).mean(),
            }.get(function, 1 - (2 * (y * p).sum() + 1) / (y.sum() + p.sum() + 1))
            np.testing.assert_allclose(found, [expected, (p.round() == y).mean()], rtol=1e-5)

    def test_a_layer_is_trained_saved_and_loaded(self, rng, tmp_path):
        class Scaled(Layer):
            def __init__(self, units, **options):
                super().__init__(**options)
                self.units = units

            def build(self, input_shape):
                self.kernel = self.add_weight("kernel", (input_shape[-1], self.units))

            def call(self, x):
                y = K.dot(x, self.kernel)
                return K.concatenate([K.l2_normalize(y, axis=-1), K.batch_flatten(y)], axis=-1)

        model = nnkit.Sequential([Input((3,)), Scaled(2), Dense(1)])
        model.compile("sgd", "mse")
        x = rng.normal(size=(16, 3)).astype("float32")
        history = model.fit(x, x[:, :1], epochs=5, verbose=0).history["loss"]
        assert history[-1] < history[0]
        model.save(tmp_path / "model.h5")
        loaded = nnkit.load_model(tmp_path / "model.h5", {"Scaled": Scaled})
        np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
        nnkit.testing.check_layer(Scaled(2), (3,))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: K.batch_dot(X[0], X), "batch_dot takes arrays of two axes or more, got 1 and 2"),
        (lambda: K.batch_dot(X, X, 0), "axis 0 is that of the batch"),
        (lambda: K.resize_images(IMAGES, 2, 2, interpolation="bilinear"), "UpSampling2D"),
        (lambda: K.bias_add(IMAGES, Y[0], "last"), "data_format must be one of"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
