"""What nnkit writes, nnkit reads: models, weights, and a training that goes on."""

import h5py
import numpy as np
import pytest

import nnkit
from nnkit import initializers, layers, losses, metrics, optimizers
from nnkit.errors import FileFormatError
from nnkit.saving import inspect, load_model, load_weights, save_model, save_weights
from tests.saving.conftest import X, Y, make, trained

OPTIMIZERS = [
    optimizers.SGD(0.1),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0),
    optimizers.Adam(0.003, amsgrad=True),
    optimizers.RMSprop(momentum=0.5),
    optimizers.RMSprop(centered=True, weight_decay=0.01),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_training_goes_on_as_if_it_had_not_stopped(optimizer, tmp_path):
    model = trained(optimizer)
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.optimizer.get_config() == optimizer.get_config()
    for m in (model, loaded):
        m.fit(X, Y, batch_size=8, epochs=4, initial_epoch=2, verbose=0)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.optimizer.iterations == loaded.optimizer.iterations == 12


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dense(3, use_bias=False, kernel_initializer=initializers.HeNormal(seed=4)),
        layers.Dense(3, activation="relu", name="with-a.name_1"),
        layers.Dense(3, activation=layers.ReLU(negative_slope=0.5)),
        layers.Activation("tanh"),
        layers.Dropout(0.3, seed=5),
        layers.Flatten(),
        layers.ReLU(max_value=1.0, threshold=0.1),
        layers.Rescaling(0.5, offset=1.0),
        layers.Reshape((2, -1)),
        layers.Sigmoid(),
        layers.Softmax(axis=1),
        layers.Tanh(trainable=False),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_every_layer(layer, tmp_path):
    model = nnkit.Sequential([nnkit.Input((4,)), layer])
    model.save(tmp_path / "m.h5")
    (loaded,) = load_model(tmp_path / "m.h5").layers
    assert type(loaded) is type(layer)
    assert loaded.get_config() | {"dtype": None} == layer.get_config() | {"dtype": None}
    np.testing.assert_array_equal(loaded(X), layer(X))


def test_float64(tmp_path):
    nnkit.config.set_floatx("float64")
    try:
        model = make()
    finally:
        nnkit.config.set_floatx("float32")
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert loaded.dtype == "float64"
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_losses_and_metrics(tmp_path):
    model = nnkit.Sequential([nnkit.Input((4,)), layers.Dense(1, activation="sigmoid")])
    loss = losses.BinaryCrossentropy(label_smoothing=0.1)
    model.compile("sgd", loss, metrics=[metrics.BinaryAccuracy(threshold=0.3), "mae"])
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert loaded.evaluate(X, Y > 1, verbose=0) == model.evaluate(X, Y > 1, verbose=0)


def test_without_optimizer_or_compile(saved, tmp_path):
    model = load_model(saved)
    model.save(tmp_path / "bare.h5", include_optimizer=False)
    assert not load_model(tmp_path / "bare.h5").compiled
    assert not load_model(saved, compile=False).compiled


def test_custom_classes(tmp_path):
    class Half(layers.Layer):
        def __init__(self, factor=2):
            super().__init__()
            self.factor = factor

        def forward(self, x, training=False):
            return x / self.factor

        def backward(self, dy):
            return dy / self.factor

    model = nnkit.Sequential([nnkit.Input((4,)), Half(4), layers.Dense(2)])
    model.save(tmp_path / "m.h5")
    with pytest.raises(FileFormatError, match="unknown layer 'Half'"):
        load_model(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom_objects={"Half": Half})
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_what_cannot_be_written_is_said_before_anything_is(tmp_path):
    class Odd(layers.Tanh):
        def __init__(self, function):
            super().__init__()

    model = nnkit.Sequential([nnkit.Input((4,)), Odd(len)])
    with pytest.raises(ValueError, match=r"layer 'odd': function is <built-in function len>"):
        model.save(tmp_path / "m.h5")
    assert list(tmp_path.iterdir()) == []


def test_suffix_and_unbuilt(tmp_path):
    with pytest.raises(ValueError, match=r"doesn't write \.keras"):
        make().save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"ends in \.h5, not in '\.txt'"):
        make().save(tmp_path / "m.txt")
    with pytest.raises(ValueError, match="no weights yet"):
        save_model(nnkit.Sequential([layers.Dense(1)]), tmp_path / "m.h5")
    with pytest.raises(ValueError, match="no weights yet"):
        load_weights(nnkit.Sequential([layers.Dense(1)]), tmp_path / "m.h5")


@pytest.mark.parametrize(
    ("save", "name", "member"),
    [
        (save_model, "m.h5", "model_weights/dense/dense/kernel"),
        (save_weights, "m.h5", "dense/dense/kernel"),
        (save_weights, "m.weights.h5", "layers/dense/vars/0"),
    ],
)
def test_weights(save, name, member, tmp_path):
    model, other = trained(), make()
    save(model, tmp_path / name)
    load_weights(other, tmp_path / name)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    with h5py.File(tmp_path / name) as file:
        np.testing.assert_array_equal(file[member][:], model.get_weights()[0])


def test_weights_by_name(tmp_path):
    model = make()
    model.save_weights(tmp_path / "w.h5")
    other = nnkit.Sequential(
        [nnkit.Input((4,)), layers.Dense(5, name="dense"), layers.Dense(7, name="new")]
    )
    new = other.layers[1].get_weights()
    other.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    np.testing.assert_array_equal(other.layers[1].get_weights()[0], new[0])
    stranger = nnkit.Sequential([nnkit.Input((4,)), layers.Dense(5, name="other")])
    with pytest.raises(FileFormatError, match="no layer of the model"):
        stranger.load_weights(tmp_path / "w.h5", by_name=True)


def test_all_mismatches_are_named_and_nothing_changes(tmp_path):
    make(5).save_weights(tmp_path / "w.h5")
    model = make(6)
    before = model.get_weights()
    with pytest.raises(FileFormatError) as error:
        model.load_weights(tmp_path / "w.h5")
    assert "dense: (4, 6) and (6,), in the file (4, 5) and (5,)" in str(error.value)
    assert "dense_1: (6, 3) and (3,), in the file (5, 3) and (3,)" in str(error.value)
    with pytest.warns(UserWarning, match="left as they are"):
        model.load_weights(tmp_path / "w.h5", skip_mismatch=True)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(FileFormatError, match=r"has 1 layers with weights \(dense\), .* has 2"):
        nnkit.Sequential([nnkit.Input((4,)), layers.Dense(5)]).load_weights(tmp_path / "w.h5")


def test_layout_is_keras_s(saved):
    with h5py.File(saved) as file:
        assert list(file["model_weights"].attrs["layer_names"]) == [
            "dense", "tanh", "dropout", "dense_1", "softmax",
        ]  # fmt: skip
        kernel = file["model_weights/dense/dense/kernel"]
        assert (kernel.dtype.str, kernel.chunks, kernel.shape) == ("<f4", None, (4, 5))
        assert list(file["model_weights/tanh"].attrs["weight_names"]) == []
        names = list(file["optimizer_weights"].attrs["weight_names"])
        assert names[:4] == [
            "adam/iteration",
            "adam/learning_rate",
            "adam/dense/kernel/momentum",
            "adam/dense/kernel/velocity",
        ]
        assert file["nnkit"].attrs["format_version"] == 1


def test_long_lists_of_names(tmp_path, monkeypatch):
    monkeypatch.setattr("nnkit.saving.writer._LONGEST_LIST", 2)
    model = trained()
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names0" in file["model_weights"].attrs
    np.testing.assert_array_equal(load_model(tmp_path / "m.h5").predict(X), model.predict(X))


def test_inspect(saved, tmp_path):
    described = inspect(saved)
    assert f"a whole model, written by nnkit {nnkit.__version__}" in described
    assert "dense: dense/kernel float32 (4, 5), dense/bias float32 (5,)" in described
    assert "43 weights, 172 bytes" in described
    make().save_weights(tmp_path / "w.h5")
    assert "w.h5: weights, written by" in inspect(tmp_path / "w.h5")


def test_weights_of_a_nested_model_that_is_frozen_meanwhile(tmp_path):
    """Keras's order of a nested model's weights changes with that; names say which is which."""

    def nested():
        inside = [layers.Dense(3), layers.BatchNormalization(), layers.Dense(3)]
        return nnkit.Sequential([nnkit.Input((4,)), nnkit.Sequential(inside), layers.Dense(2)])

    model, frozen = nested(), nested()
    frozen.layers[0].trainable = False
    model.set_weights([w + i for i, w in enumerate(model.get_weights())])
    for name in ("w.h5", "w.weights.h5"):
        model.save_weights(tmp_path / name)
        frozen.set_weights([0 * w for w in frozen.get_weights()])
        frozen.load_weights(tmp_path / name)
        np.testing.assert_array_equal(frozen.predict(X), model.predict(X))


@pytest.mark.parametrize("name", ["m.h5", "m.weights.h5"])
def test_whatever_the_defaults_of_h5py(name, tmp_path):
    """Groups that keep the order of their members are in a form that not every reader knows."""
    layers = [nnkit.layers.Dense(4, name=f"d{i}") for i in range(12)]
    model = nnkit.Sequential([nnkit.Input((4,)), *layers])
    before = h5py.get_config().track_order
    h5py.get_config().track_order = True
    try:
        (model.save if name == "m.h5" else model.save_weights)(tmp_path / name)
    finally:
        h5py.get_config().track_order = before
    weights = model.get_weights()
    model.set_weights([0 * w for w in weights])
    model.load_weights(tmp_path / name)
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
