"""Weights that older Kerases stored in other layouts."""

import json
import warnings

import h5py
import numpy as np
import pytest

import nnkit
from nnkit import layers as nn
from nnkit.errors import FileFormatError
from nnkit.saving import load_model
from tests.saving import old_files
from tests.saving.old_files import dense, layer, named, recurrent, write

RNG = np.random.default_rng(0)
STEPS = RNG.normal(size=(6, 5, 3)).astype("float32")
IMAGES = RNG.normal(size=(2, 6, 7, 2)).astype("float32")
OF_STEPS = {"batch_input_shape": [None, 5, 3], "dtype": "float32"}
OF_IMAGES = {"batch_input_shape": [None, 6, 7, 2], "dtype": "float32"}
THEANO = {"backend": "theano"}


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def loaded(path, described, weights, x, makes, **file):
    """What load_model and load_weights make of a file; their predictions must be the same."""
    write(path, described, weights, **file)
    prediction = load_model(path).predict(x)
    model = nnkit.Sequential([nnkit.Input(x.shape[1:]), *makes()])
    write(path, described, weights, **file, whole=False)
    model.load_weights(path)
    np.testing.assert_array_equal(model.predict(x), prediction)
    return prediction


# ------------------------------------------------------------------------------------------ cuDNN


def to_cudnn(kernel, recurrent_kernel, bias, gates):
    """What cuDNN keeps: each gate's kernel transposed, in the other order of memory; two biases.

    By definition: cuDNN's input matrix of a gate is W (units, features), flat, row by row; Keras
    stored those numbers in an array (features, units).
    """
    of_inputs = [
        np.ascontiguousarray(part.T).reshape(part.shape) for part in np.split(kernel, gates, 1)
    ]
    of_state = [part.T for part in np.split(recurrent_kernel, gates, 1)]
    return np.concatenate(of_inputs, 1), np.concatenate(of_state, 1), bias.reshape(-1)


LSTM = normal(3, 16), normal(4, 16), normal(2, 16)
GRU = normal(3, 12), normal(4, 12), normal(2, 12)
OF_CUDNN = [
    ("CuDNNLSTM", LSTM, 4, lambda: nn.LSTM(4)),
    ("CuDNNGRU", GRU, 3, lambda: nn.GRU(4)),
]


def formula(class_name, x, weights):
    kernel, recurrent_kernel, bias = weights
    if class_name == "CuDNNGRU":
        return old_files.gru_reset_after(x, *weights)
    return old_files.lstm(x, kernel, recurrent_kernel, bias.sum(axis=0), old_files.sigmoid)


@pytest.mark.parametrize(("class_name", "weights", "gates", "make"), OF_CUDNN)
@pytest.mark.parametrize("version", ["2.2.4", "2.1.6-tf"])
def test_cudnn(class_name, weights, gates, make, version, tmp_path):
    described = [recurrent(class_name, "r", 4, **OF_STEPS)]
    stored = {"r": named("r", *to_cudnn(*weights, gates))}
    y = loaded(tmp_path / "m.h5", described, stored, STEPS, lambda: [make()], version=version)
    np.testing.assert_allclose(y, formula(class_name, STEPS, weights), atol=1e-6)


@pytest.mark.parametrize(("class_name", "weights", "gates", "make"), OF_CUDNN)
def test_cudnn_inside_of_other_layers(class_name, weights, gates, make, tmp_path):
    back = [normal(*w.shape) for w in weights]
    inside = recurrent(class_name, "r", 4)
    both = layer("Bidirectional", "b", layer=inside, merge_mode="concat", **OF_STEPS)
    model = layer("Sequential", "s", layers=[both, dense("d", 2)])
    kernel, bias = normal(8, 2), normal(2)
    stored = [
        *named("f", *to_cudnn(*weights, gates)),
        *named("b", *to_cudnn(*back, gates)),
        *named("d", kernel, bias),
    ]
    y = loaded(
        tmp_path / "m.h5",
        [model],
        {"s": stored},
        STEPS,
        lambda: [nnkit.Sequential([nn.Bidirectional(make()), nn.Dense(2)])],
    )
    halves = [formula(class_name, STEPS, weights), formula(class_name, STEPS[:, ::-1], back)]
    np.testing.assert_allclose(y, np.concatenate(halves, 1) @ kernel + bias, atol=1e-5)


def test_a_gru_that_resets_first_has_no_two_biases(tmp_path):
    described = [recurrent("CuDNNGRU", "r", 4, **OF_STEPS)]
    stored = {"r": named("r", *to_cudnn(*GRU, 3))}
    path = write(tmp_path / "m.h5", described, stored, whole=False)
    model = nnkit.Sequential([nnkit.Input((5, 3)), nn.GRU(4, reset_after=False)])
    with pytest.raises(FileFormatError, match=r"\(12,\), in the file .*\(24,\)"):
        model.load_weights(path)


# ----------------------------------------------------------------------------------------- Theano


def conv(class_name, name="c", **config):
    usual = {"strides": [1, 1], "padding": "valid", "use_bias": True, "activation": "linear"}
    return layer(class_name, name, **usual | {"data_format": "channels_last"} | config)


def test_conv2d_of_theano(tmp_path):
    kernel, bias = normal(3, 2, 2, 4), normal(4)
    y = loaded(
        tmp_path / "m.h5",
        [conv("Conv2D", filters=4, kernel_size=[3, 2], **OF_IMAGES)],
        {"c": named("c", kernel, bias)},
        IMAGES,
        lambda: [nn.Conv2D(4, (3, 2))],
        **THEANO,
    )
    want = old_files.correlation(IMAGES, kernel[::-1, ::-1]) + bias
    np.testing.assert_allclose(y, want, atol=1e-5)


def test_conv1d_of_theano(tmp_path):
    kernel, bias = normal(3, 3, 4), normal(4)
    y = loaded(
        tmp_path / "m.h5",
        [conv("Conv1D", filters=4, kernel_size=[3], strides=[1], **OF_STEPS)],
        {"c": named("c", kernel, bias)},
        STEPS,
        lambda: [nn.Conv1D(4, 3)],
        **THEANO,
    )
    want = old_files.correlation(STEPS[:, :, None], kernel[::-1, None])[:, :, 0] + bias
    np.testing.assert_allclose(y, want, atol=1e-5)


def transposed(x, kernel):
    """What each pixel adds to its surroundings; kernel (rows, columns, filters, channels)."""
    rows, columns, filters, _ = kernel.shape
    y = np.zeros((len(x), x.shape[1] + rows - 1, x.shape[2] + columns - 1, filters))
    for i in range(rows):
        for j in range(columns):
            y[:, i : i + x.shape[1], j : j + x.shape[2]] += x @ kernel[i, j].T
    return y


def test_conv2d_transpose_of_theano(tmp_path):
    kernel, bias = normal(3, 2, 4, 2), normal(4)
    y = loaded(
        tmp_path / "m.h5",
        [conv("Conv2DTranspose", filters=4, kernel_size=[3, 2], **OF_IMAGES)],
        {"c": named("c", kernel, bias)},
        IMAGES,
        lambda: [nn.Conv2DTranspose(4, (3, 2))],
        **THEANO,
    )
    np.testing.assert_allclose(y, transposed(IMAGES, kernel[::-1, ::-1]) + bias, atol=1e-5)


def test_what_keras_turned_itself_and_other_backends(tmp_path):
    """A depthwise kernel was turned before Theano turned it; cntk and tensorflow turn nothing."""
    kernel, bias = normal(3, 2, 2, 1), normal(2)
    described = conv("DepthwiseConv2D", kernel_size=[3, 2], depth_multiplier=1, **OF_IMAGES)
    y = load_model(
        write(tmp_path / "m.h5", [described], {"c": named("c", kernel, bias)}, **THEANO)
    ).predict(IMAGES)
    each = [old_files.correlation(IMAGES[..., c : c + 1], kernel[:, :, c : c + 1]) for c in (0, 1)]
    np.testing.assert_allclose(y, np.concatenate(each, -1) + bias, atol=1e-5)
    kernel, bias = normal(3, 2, 2, 4), normal(4)
    described = conv("Conv2D", filters=4, kernel_size=[3, 2], **OF_IMAGES)
    want = old_files.correlation(IMAGES, kernel) + bias
    for backend in ("tensorflow", "cntk", None):
        path = write(
            tmp_path / "m.h5", [described], {"c": named("c", kernel, bias)}, backend=backend
        )
        np.testing.assert_allclose(load_model(path).predict(IMAGES), want, atol=1e-5)


def test_theano_inside_of_other_layers(tmp_path):
    """Beside weights that are not trained, which are stored after all that are."""
    kernel, bias, moments = normal(3, 2, 2, 4), normal(4), [normal(2) ** 2 + 1 for _ in range(4)]
    inside = [
        layer("BatchNormalization", "b", axis=-1, epsilon=0.001, momentum=0.99),
        conv("Conv2D", filters=4, kernel_size=[3, 2], activation="relu"),
    ]
    model = layer("Sequential", "s", layers=inside)
    every = layer("TimeDistributed", "t", layer=model, batch_input_shape=[None, 2, 6, 7, 2])
    names = ["gamma:0", "beta:0", "mean:0", "variance:0"]
    stored = list(zip(names, moments, strict=True))
    stored[2:2] = named("c", kernel, bias)
    x = np.stack([IMAGES, IMAGES[::-1]], axis=1)
    y = load_model(write(tmp_path / "m.h5", [every], {"t": stored}, **THEANO)).predict(x)
    gamma, beta, mean, variance = moments
    normalized = gamma * (IMAGES - mean) / np.sqrt(variance + 0.001) + beta
    want = np.maximum(old_files.correlation(normalized, kernel[::-1, ::-1]) + bias, 0)
    np.testing.assert_allclose(y[:, 0], want, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(y[:, 1], want[::-1], rtol=1e-4, atol=1e-4)


def test_the_optimizer_starts_afresh_where_weights_are_turned(tmp_path):
    kernel, bias = normal(3, 2, 2, 4), normal(4)
    described = conv("Conv2D", filters=4, kernel_size=[3, 2], **OF_IMAGES)
    sgd = {"class_name": "SGD", "config": {"lr": 0.5, "momentum": 0.9, "decay": 0.0}}
    path = write(
        tmp_path / "m.h5",
        [described],
        {"c": named("c", kernel, bias)},
        training={"loss": "mse", "optimizer_config": sgd},
        optimizer=[("iterations:0", np.int64(3)), ("m0", kernel), ("m1", bias)],
        **THEANO,
    )
    with pytest.warns(UserWarning, match="afresh: the weights are stored in another layout"):
        model = load_model(path)
    assert not any(a.any() for a in model.optimizer_slots()["momentum"])


# ---------------------------------------------------------------------------------------- Keras 1

OLD_DENSE = {
    "init": "glorot_uniform",
    "activation": "linear",
    "W_regularizer": None,
    "b_regularizer": None,
    "activity_regularizer": None,
    "W_constraint": None,
    "b_constraint": None,
    "bias": True,
    "input_dim": None,
}
OLD_CONV = {k: v for k, v in OLD_DENSE.items() if k != "input_dim"} | {"border_mode": "valid"}
OLD_RECURRENT = {
    "init": "glorot_uniform",
    "inner_init": "orthogonal",
    "activation": "tanh",
    "inner_activation": "hard_sigmoid",
    "return_sequences": False,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "consume_less": "cpu",
    "input_dim": 3,
    "input_length": 5,
    "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.5},
    "U_regularizer": None,
    "b_regularizer": None,
    "dropout_W": 0.25,
    "dropout_U": 0.0,
    **OF_STEPS,
}
OLD_RECURRENT["input_dtype"] = OLD_RECURRENT.pop("dtype")
KERAS_1 = {"version": "1.2.2", "backend": None}


def under_old_names(name, *arrays):
    return [(f"{name}_param_{i}", a) for i, a in enumerate(arrays)]


def test_dense_and_dropout_of_keras_1(tmp_path):
    kernels = normal(4, 3), normal(3, 2)
    described = [
        layer("Dense", "d", **OLD_DENSE | {"output_dim": 3, "batch_input_shape": [None, 4],
              "W_constraint": {"name": "MaxNorm", "m": 3, "axis": 0}}),
        layer("Dropout", "p", p=0.25),
        layer("GaussianNoise", "g", sigma=0.5),
        layer("TimeDistributedDense", "e", **OLD_DENSE | {"output_dim": 2, "bias": False}),
    ]  # fmt: skip
    weights = {
        "d": under_old_names("d", kernels[0], np.ones(3)),
        "e": under_old_names("e", kernels[1]),
    }
    x = normal(5, 4)
    model = load_model(write(tmp_path / "m.h5", described, weights, **KERAS_1))
    np.testing.assert_allclose(model.predict(x), (x @ kernels[0] + 1) @ kernels[1], rtol=1e-5)
    first, dropout, noise, _ = model.layers
    assert (dropout.rate, noise.stddev) == (0.25, 0.5)
    assert first.kernel_constraint.max_value == 3


@pytest.mark.parametrize("version", ["1.2.2", None])
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(
    ("class_name", "gates", "order", "formula", "make"),
    [
        ("LSTM", 4, [0, 2, 1, 3], old_files.lstm,
         lambda: nn.LSTM(4, recurrent_activation=nn.HardSigmoid(0.2))),
        ("GRU", 3, [0, 1, 2], old_files.gru,
         lambda: nn.GRU(4, recurrent_activation=nn.HardSigmoid(0.2), reset_after=False)),
    ],
)  # fmt: skip
def test_recurrent_of_keras_1(class_name, gates, order, formula, make, apart, version, tmp_path):
    """Gate by gate, i, c, f, o; in one piece with consume_less="gpu"."""
    weights = normal(3, 4 * gates), normal(4, 4 * gates), normal(4 * gates)
    parts = [np.split(w, gates, axis=-1) for w in weights]
    stored = [part[n] for n in order for part in parts] if apart else weights
    described = [layer(class_name, "r", output_dim=4, **OLD_RECURRENT)]
    y = loaded(tmp_path / "m.h5", described, {"r": under_old_names("r", *stored)}, STEPS,
               lambda: [make()], version=version, backend=None)  # fmt: skip
    np.testing.assert_allclose(y, formula(STEPS, *weights), atol=1e-6)
    model = load_model(write(tmp_path / "m.h5", described, {"r": under_old_names("r", *stored)},
                             version=version, backend=None))  # fmt: skip
    assert model.layers[0].dropout == 0.25
    assert model.layers[0].kernel_regularizer.l2 == 0.5


def test_bidirectional_of_keras_1(tmp_path):
    both = [(normal(3, 16), normal(4, 16), normal(16)) for _ in range(2)]
    stored = [np.split(w, 4, axis=-1)[n] for weights in both for n in (0, 2, 1, 3) for w in weights]
    inside = layer("LSTM", "r", output_dim=4, **OLD_RECURRENT)
    described = layer("Bidirectional", "b", layer=inside, merge_mode="concat", **OF_STEPS)
    path = write(tmp_path / "m.h5", [described], {"b": under_old_names("b", *stored)}, **KERAS_1)
    want = [old_files.lstm(STEPS, *both[0]), old_files.lstm(STEPS[:, ::-1], *both[1])]
    np.testing.assert_allclose(load_model(path).predict(STEPS), np.concatenate(want, 1), atol=1e-6)


@pytest.mark.parametrize("turn", [lambda w: w[:, None], lambda w: w.transpose(2, 1, 0)[..., None]])
def test_conv1d_of_keras_1(turn, tmp_path):
    kernel, bias = normal(3, 3, 4), normal(4)
    config = {"nb_filter": 4, "filter_length": 3, "subsample_length": 2, "input_dim": 3}
    described = [layer("Convolution1D", "c", **OLD_CONV | config, **OF_STEPS)]
    y = loaded(tmp_path / "m.h5", described, {"c": under_old_names("c", turn(kernel), bias)},
               STEPS, lambda: [nn.Conv1D(4, 3, strides=2)], version="1.1.0")  # fmt: skip
    want = old_files.correlation(STEPS[:, :, None], kernel[:, None])[:, ::2, 0] + bias
    np.testing.assert_allclose(y, want, atol=1e-5)


@pytest.mark.parametrize("backend", ["tensorflow", "theano"])
@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_conv2d_of_keras_1(ordering, backend, tmp_path):
    """With what has no dim_ordering of its own, and plain Flatten."""
    kernel, bias = normal(3, 3, 2, 3), normal(3)
    stored = kernel if ordering == "tf" else kernel.transpose(3, 2, 0, 1)
    x = IMAGES if ordering == "tf" else IMAGES.transpose(0, 3, 1, 2)
    config = {"nb_filter": 3, "nb_row": 3, "nb_col": 3, "subsample": [1, 1]}
    described = [
        layer("ZeroPadding2D", "z", padding=[1, 0], batch_input_shape=[None, *x.shape[1:]]),
        layer("Convolution2D", "c", **OLD_CONV | config, dim_ordering=ordering),
        layer("MaxPooling2D", "m", pool_size=[2, 2], strides=[2, 2], border_mode="valid",
              dim_ordering=ordering),
        layer("UpSampling2D", "u", size=[1, 2]),
        layer("Flatten", "f"),
    ]  # fmt: skip
    weights = {"c": under_old_names("c", stored, bias)}
    path = write(tmp_path / "m.h5", described, weights, version="1.2.2", backend=backend)
    turned = kernel[::-1, ::-1] if backend == "theano" else kernel
    want = old_files.correlation(np.pad(IMAGES, ((0, 0), (1, 1), (0, 0), (0, 0))), turned) + bias
    want = want[:, :6, :4].reshape(2, 3, 2, 2, 2, 3).max(axis=(2, 4)).repeat(2, axis=2)
    want = want if ordering == "tf" else want.transpose(0, 3, 1, 2)
    np.testing.assert_allclose(load_model(path).predict(x), want.reshape(2, -1), atol=1e-5)


@pytest.mark.parametrize("backend", ["tensorflow", "theano"])
@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_volumes_of_keras_1(ordering, backend, tmp_path):
    """A kernel of depth 1, so that each plane is an image; with what has no dim_ordering."""
    kernel, bias, x = normal(1, 3, 2, 2, 3), normal(3), np.stack([IMAGES, 2 * IMAGES], 1)
    stored = kernel if ordering == "tf" else kernel.transpose(4, 3, 0, 1, 2)
    given = x if ordering == "tf" else x.transpose(0, 4, 1, 2, 3)
    config = {"nb_filter": 3, "kernel_dim1": 1, "kernel_dim2": 3, "kernel_dim3": 2}
    described = [
        layer("ZeroPadding3D", "z", padding=[1, 0, 0], batch_input_shape=[None, *given.shape[1:]]),
        layer("Convolution3D", "c", **OLD_CONV | config, subsample=[1, 1, 1],
              dim_ordering=ordering),
        layer("Cropping3D", "k", cropping=[[1, 1], [1, 0], [0, 2]]),
        layer("UpSampling3D", "u", size=[1, 1, 2]),
        layer("MaxPooling3D", "m", pool_size=[1, 1, 2], strides=[1, 1, 2], border_mode="valid",
              dim_ordering=ordering),
    ]  # fmt: skip
    weights = {"c": under_old_names("c", stored, bias)}
    path = write(tmp_path / "m.h5", described, weights, version="1.2.2", backend=backend)
    turned = kernel[0, ::-1, ::-1] if backend == "theano" else kernel[0]
    want = np.stack([old_files.correlation(plane, turned) for plane in x.swapaxes(0, 1)], 1) + bias
    want = want[:, :, 1:, :-2]
    want = want if ordering == "tf" else want.transpose(0, 4, 1, 2, 3)
    np.testing.assert_allclose(load_model(path).predict(given), want, atol=1e-5)


@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_separable_conv2d_of_keras_1(ordering, tmp_path):
    depthwise, pointwise, bias = normal(3, 2, 2, 2), normal(1, 1, 4, 3), normal(3)
    stored = [depthwise, pointwise]
    if ordering == "th":
        stored = [w.transpose(3, 2, 0, 1) for w in stored]
    x = IMAGES if ordering == "tf" else IMAGES.transpose(0, 3, 1, 2)
    config = {"nb_filter": 3, "nb_row": 3, "nb_col": 2, "subsample": [1, 1], "depth_multiplier": 2}
    described = [
        layer("Cropping2D", "k", cropping=[[0, 1], [0, 0]], batch_input_shape=[None, *x.shape[1:]]),
        layer("SeparableConvolution2D", "c", **OLD_CONV | config, dim_ordering=ordering),
    ]
    weights = {"c": under_old_names("c", *stored, bias)}
    path = write(tmp_path / "m.h5", described, weights, **KERAS_1 | {"backend": "tensorflow"})
    each = [old_files.correlation(IMAGES[:, :-1, :, c, None], depthwise[:, :, c, None])
            for c in (0, 1)]  # fmt: skip
    want = np.concatenate(each, -1) @ pointwise[0, 0] + bias
    want = want if ordering == "tf" else want.transpose(0, 3, 1, 2)
    np.testing.assert_allclose(load_model(path).predict(x), want, atol=1e-5)


def test_separable_conv2d_of_tf_keras(tmp_path):
    """It was described with what a convolution has, and this changed nothing."""
    depthwise, pointwise, bias = normal(3, 2, 2, 1), normal(1, 1, 2, 3), normal(3)
    unused = {"kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}}, "groups": 1}
    config = {"filters": 3, "kernel_size": [3, 2], "depth_multiplier": 1, "dilation_rate": [1, 1]}
    described = [conv("SeparableConv2D", **config, **unused, **OF_IMAGES)]
    y = loaded(tmp_path / "m.h5", described, {"c": named("c", depthwise, pointwise, bias)}, IMAGES,
               lambda: [nn.SeparableConv2D(3, (3, 2))], version="2.9.0")  # fmt: skip
    each = [old_files.correlation(IMAGES[..., c, None], depthwise[:, :, c, None]) for c in (0, 1)]
    want = np.concatenate(each, -1) @ pointwise[0, 0] + bias
    np.testing.assert_allclose(y, want, atol=1e-5)


def test_bilinear_upsampling_of_keras_2(tmp_path):
    for interpolation, version, warned in [
        ("bilinear", "2.3.1", True),
        ("nearest", "2.3.1", False),
        ("bilinear", "2.9.0", False),
    ]:
        described = [layer("UpSampling2D", "u", size=[2, 2], interpolation=interpolation,
                           data_format="channels_last", **OF_IMAGES)]  # fmt: skip
        path = write(tmp_path / "m.h5", described, {}, version=version)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            load_model(path)
        assert [("corners" in str(w.message)) for w in caught] == [True] * warned


def test_a_convolution_of_keras_1_whose_backend_is_not_said(tmp_path):
    config = {"nb_filter": 3, "nb_row": 3, "nb_col": 3, "subsample": [1, 1], "dim_ordering": "th"}
    described = [
        layer("Convolution2D", "c", **OLD_CONV | config, batch_input_shape=[None, 2, 6, 7])
    ]
    weights = {"c": under_old_names("c", normal(3, 2, 3, 3), normal(3))}
    path = write(tmp_path / "m.h5", described, weights, **KERAS_1)
    with pytest.warns(UserWarning, match=r"on which backend 'c' learnt.*attrs\['backend'\]"):
        load_model(path)


@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_conv2d_transpose_of_keras_1(ordering, tmp_path):
    kernel, bias = normal(3, 2, 2, 2), normal(2)  # As many channels as filters.
    stored = kernel.transpose(0, 1, 3, 2) if ordering == "tf" else kernel.transpose(2, 3, 0, 1)
    x = IMAGES if ordering == "tf" else IMAGES.transpose(0, 3, 1, 2)
    config = {"nb_filter": 2, "nb_row": 3, "nb_col": 2, "subsample": [1, 1]}
    described = [layer("Deconvolution2D", "c", **OLD_CONV | config, dim_ordering=ordering,
                       batch_input_shape=[None, *x.shape[1:]])]  # fmt: skip
    path = write(tmp_path / "m.h5", described, {"c": under_old_names("c", stored, bias)},
                 version="1.2.2", backend="tensorflow")  # fmt: skip
    y = load_model(path).predict(x)
    y = y if ordering == "tf" else y.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(y, transposed(IMAGES, kernel) + bias, atol=1e-5)


def test_embedding_of_keras_1(tmp_path):
    table = normal(7, 3)
    config = {
        "input_dim": 7,
        "output_dim": 3,
        "init": "uniform",
        "input_length": 5,
        "mask_zero": False,
        "activity_regularizer": None,
        "W_regularizer": None,
        "W_constraint": {"name": "NonNeg"},
        "dropout": 0.0,
        "batch_input_shape": [None, 5],
        "input_dtype": "int32",
    }
    path = write(tmp_path / "m.h5", [layer("Embedding", "e", **config)],
                 {"e": under_old_names("e", table)}, **KERAS_1)  # fmt: skip
    x = RNG.integers(0, 7, (4, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(load_model(path).predict(x), table[x])


# ---------------------------------------------------------------------------------- nested models


OF_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("suffix", [":0", ""])
@pytest.mark.parametrize("names", ["ab", "cd"])
def test_order_of_a_nested_model_that_was_frozen(names, trainable, suffix, tmp_path):
    """What is trained comes first: frozen, in another order. Names say which array is whose."""
    x = normal(5, 3)
    arrays = {f"{norm}/{k}{suffix}": normal(3) ** 2 + 0.1 for norm in "ab" for k in OF_NORM}
    numbers = [list(arrays.values())[:4], list(arrays.values())[4:]]
    order = sorted(arrays, key=lambda name: "moving" in name) if trainable else list(arrays)
    norms = [layer("BatchNormalization", n, batch_input_shape=[None, 3]) for n in "ab"]
    for norm in norms:
        norm["config"]["trainable"] = trainable
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": norms}}

    def makes():
        made = [nn.BatchNormalization(name=name) for name in names]
        return [nnkit.Sequential([nnkit.Input((3,)), *made], name="inner")]

    weights = {"inner": [(name, arrays[name]) for name in order]}
    got = loaded(tmp_path / "m.h5", [inner], weights, x, makes, version="2.6.0")
    for gamma, beta, mean, variance in numbers:
        x = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
    np.testing.assert_allclose(got, x, rtol=1e-4, atol=1e-4)


def test_nested_models_without_names(tmp_path):
    """Until Keras 2.2.2 a Sequential model's settings were the list of its layers."""
    path, x, (inner, outer) = tmp_path / "m.h5", normal(5, 3), (normal(3, 3), normal(3, 3))
    first = {"batch_input_shape": [None, 3], "dtype": "float32"}
    named_for_writing = [
        {"class_name": "Sequential", "config": {"name": name, "layers": [dense(name, 3, **first)]}}
        for name in ("a", "b")
    ]
    zeros = np.zeros(3, "float32")
    weights = {"a": named("a", inner, zeros), "b": named("b", outer, zeros)}
    write(path, named_for_writing, weights, version="2.1.6")
    with h5py.File(path, "r+") as file:
        lists = [
            {"class_name": "Sequential", "config": each["config"]["layers"]}
            for each in named_for_writing
        ]
        document = json.dumps({"class_name": "Sequential", "config": lists})
        file.attrs["model_config"] = document.encode()
    np.testing.assert_allclose(load_model(path).predict(x), x @ inner @ outer, rtol=1e-4)


def test_weights_of_keras_2_13(tmp_path):
    """Its ``.weights.h5`` has another name for the groups of layers."""
    path, name = tmp_path / "a.weights.h5", "_layer_checkpoint_dependencies"

    def make():
        inner = nnkit.Sequential([nnkit.Input((5, 4)), nn.Dense(2)])
        return nnkit.Sequential([nnkit.Input((5, 3)), nn.LSTM(4, return_sequences=True), inner])

    model, other = make(), make()
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        file["layers/sequential"].move("layers", name)
        file.move("layers", name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other.load_weights(path)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
