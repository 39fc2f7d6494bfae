"""Settings, values and names of nnkit.backend."""

import numpy as np
import pytest

import nnkit
from nnkit import backend as K
from nnkit import config
from nnkit.layers import Dense, Input, Lambda
from tests.layers.catalogue import LAYERS


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    config.set_floatx("float32")
    config.set_epsilon(1e-7)
    config.set_image_data_format("channels_last")


FORMATTED = [
    case
    for case in LAYERS
    if "data_format" in case.layer.get_config() and isinstance(case.shape, tuple)
]


@pytest.mark.parametrize("case", FORMATTED, ids=str)
def test_each_layer_with_a_data_format_takes_that_of_the_backend(case):
    """And keeps it: its configuration says it, whatever the backend's is when it is read."""
    described = case.layer.get_config()
    without = {k: v for k, v in described.items() if k not in ("data_format", "seed")}
    cls = type(case.layer)
    for chosen in ("channels_first", "channels_last"):
        K.set_image_data_format(chosen)
        layer = cls(**{k: v for k, v in without.items() if k != "name"})
        K.set_image_data_format("channels_last")
        assert layer.data_format == chosen
        again = cls.from_config(layer.get_config())
        assert again.get_config()["data_format"] == chosen
        explicit = cls(**{**without, "data_format": chosen, "name": None})
        shape = (None, *case.shape)
        if described["data_format"] == chosen:
            expected = explicit.compute_output_shape(shape)
            assert layer.compute_output_shape(shape) == expected


def test_a_network_of_channels_first(rng):
    """As the MNIST examples of Keras 2 make one."""
    from nnkit.layers import Conv2D, Flatten, MaxPooling2D

    def network(shape, **options):
        nnkit.utils.set_random_seed(1)
        return nnkit.Sequential(
            [
                Input(shape),
                Conv2D(2, 3, activation="relu", **options),
                MaxPooling2D(2, **options),
                Flatten(**options),
                Dense(3),
            ]
        )

    K.set_image_data_format("channels_first")
    assert K.image_data_format() == "channels_first"
    model = network((1, 8, 6))
    K.set_image_data_format("channels_last")
    same = network((1, 8, 6), data_format="channels_first")
    x = rng.normal(size=(4, 1, 8, 6)).astype("float32")
    np.testing.assert_array_equal(model.predict(x), same.predict(x))
    last = network((8, 6, 1))
    np.testing.assert_allclose(last.predict(x.transpose(0, 2, 3, 1)), model.predict(x), rtol=1e-5)


def test_old_files_leave_the_format_out():
    K.set_image_data_format("channels_first")
    config = nnkit.layers.Conv2D(2, 3).get_config() | {"data_format": None}
    assert nnkit.layers.Conv2D.from_config(config).data_format == "channels_last"
    assert nnkit.layers.UpSampling1D(2).compute_output_shape((None, 4, 3)) == (None, 8, 3)


def test_epsilon_is_what_crossentropies_clip_by():
    t, p = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    for epsilon in (1e-7, 1e-3):
        if epsilon == 1e-3:
            with pytest.warns(UserWarning, match=r"nnkit\.losses go on to clip .* by 1e-7"):
                K.set_epsilon(epsilon)
        assert K.epsilon() == epsilon
        for function in (
            K.binary_crossentropy,
            K.categorical_crossentropy,
            lambda t, p: K.sparse_categorical_crossentropy(t.argmax(-1), p),
            nnkit.losses.get(lambda t, p: K.categorical_crossentropy(t, p)),
        ):
            np.testing.assert_allclose(np.mean(function(t, p)), -np.log(epsilon), rtol=1e-5)
    weight = np.zeros((2, 2))
    assert np.isfinite(nnkit.constraints.UnitNorm()(weight)).all()


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        (K.set_epsilon, 0),
        (K.set_epsilon, "small"),
        (K.set_epsilon, True),
        (K.set_floatx, "float16"),
        (K.set_image_data_format, "tf"),
    ],
)
def test_wrong_settings(setting, wrong):
    with pytest.raises(ValueError, match="not "):
        setting(wrong)


def test_floatx():
    K.set_floatx("float64")
    assert K.floatx() == "float64"
    assert K.zeros((2,)).dtype == K.random_normal((2,)).dtype == K.variable(1).dtype == "float64"
    assert Dense(2).dtype == "float64"


class TestValues:
    def test_weights(self):
        layer = Dense(2)
        layer.build((None, 3))
        K.set_value(layer.kernel, np.ones((3, 2)))
        assert K.get_value(layer.kernel).tolist() == [[1, 1]] * 3
        K.batch_set_value([(layer.kernel, np.zeros((3, 2))), (layer.bias, [1, 2])])
        kernel, bias = K.batch_get_value([layer.kernel, layer.bias])
        assert (kernel.sum(), bias.tolist()) == (0, [1, 2])
        assert K.count_params(layer.kernel) == 6
        assert (K.int_shape(layer.kernel), K.ndim(layer.bias)) == ((3, 2), 1)
        assert K.eval(K.sum(layer.bias)) == 3
        assert K.update_add(layer.bias, [1, 1]) is layer.bias
        K.update_sub(layer.bias, 2 * np.ones(2))
        assert layer.bias.numpy().tolist() == [0, 1]
        with pytest.raises(ValueError, match="shape"):
            K.set_value(layer.bias, np.ones(3))

    def test_what_has_no_place(self):
        with pytest.raises(TypeError, match=r"learning_rate = 0\.001"):
            K.set_value(0.1, 0.2)
        with pytest.raises(TypeError, match=r"'input_layer' is a placeholder .*K\.function"):
            K.eval(Input((3,)))
        with pytest.raises(ValueError, match="add_weight"):
            K.variable(0.0, constraint="non_neg")

    def test_constants_and_placeholders(self):
        assert K.constant([1, 2]).dtype == "float32"
        assert K.constant(2, shape=(2, 2), dtype="int32").tolist() == [[2, 2], [2, 2]]
        assert K.constant([1, 2, 3, 4], shape=(2, 2)).tolist() == [[1, 2], [3, 4]]
        x = K.placeholder((None, 3))
        assert K.is_keras_tensor(x)
        assert K.is_placeholder(x)
        assert not K.is_placeholder(x + 1)
        assert K.placeholder(ndim=3).shape == (None, None, None)
        assert (K.int_shape(x), K.ndim(x), K.dtype(x)) == ((None, 3), 2, "float32")
        assert K.shape(np.ones((2, 3))) == (2, 3)
        assert K.shape(x)[1] == 3
        with pytest.raises(ValueError, match="sparse"):
            K.placeholder((3,), sparse=True)

    def test_names(self):
        K.clear_session()
        assert [K.get_uid("dense"), K.get_uid("dense"), K.get_uid("conv")] == [1, 2, 1]
        K.reset_uids()
        assert K.get_uid("dense") == 1
        with K.name_scope("block"):
            assert K.backend() == "nnkit"

    def test_printing_changes_nothing(self, capsys):
        x = np.ones(2)
        assert K.print_tensor(x, "x = ") is x
        assert capsys.readouterr().out == "x = [1. 1.]\n"


class TestVariables:
    """What belongs to no layer is read anew in every step."""

    def test_in_a_loss(self, rng):
        weight = K.variable(0.5)

        def loss(y_true, y_pred):
            return weight * K.mean(K.square(y_pred - y_true), axis=-1)

        x = rng.normal(size=(8, 3)).astype("float32")
        model = nnkit.Sequential([Input((3,)), Dense(1)])
        model.compile(nnkit.optimizers.SGD(0.0), loss)
        plain = np.square(model.predict(x) - 1).mean()
        for value in (0.5, 2.0, 0.0):
            K.set_value(weight, value)
            losses = model.fit(x, np.ones(8), epochs=3, verbose=0).history["loss"]
            np.testing.assert_allclose(losses, value * plain, rtol=1e-5)
            np.testing.assert_allclose(
                model.evaluate(x, np.ones(8), verbose=0), value * plain, 1e-5
            )

    def test_changed_by_a_callback(self, rng):
        weight = K.variable(0.0)

        class Warm(nnkit.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                K.set_value(weight, epoch + 1.0)

        model = nnkit.Sequential([Input((3,)), Dense(1)])
        model.compile(
            nnkit.optimizers.SGD(0.0), lambda t, p: weight * K.mean(K.abs(p - t), axis=-1)
        )
        x = rng.normal(size=(8, 3)).astype("float32")
        losses = model.fit(x, x[:, 0], epochs=3, verbose=0, callbacks=[Warm()]).history["loss"]
        np.testing.assert_allclose(np.array(losses) / losses[0], [1, 2, 3], rtol=1e-5)

    def test_in_a_layer(self, rng):
        shift = K.variable([1.0, 2.0])
        model = nnkit.Sequential([Input((2,)), Lambda(lambda x: x + shift), Dense(1)])
        x = rng.normal(size=(4, 2)).astype("float32")
        layer = model.layers[-1]
        for value in ([1.0, 2.0], [0.0, 5.0]):
            K.set_value(shift, value)
            expected = (x + value) @ layer.kernel.numpy()
            np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-6)
        assert len(model.trainable_weights) == 2

    def test_a_description_has_no_place_for_it(self, tmp_path):
        x = Input((3,))
        model = nnkit.Model(x, x * K.variable(2.0))
        np.testing.assert_array_equal(model.predict(np.ones((2, 3))), 2)
        with pytest.raises(ValueError, match=r"backend.variable made.* by add_weight"):
            model.save(tmp_path / "model.h5")
