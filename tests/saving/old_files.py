"""Files laid out as older Kerases wrote them, and what those computed, in NumPy."""

import json

import h5py
import numpy as np

ZEROS = {"class_name": "Zeros", "config": {}}
GLOROT = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
}
ORTHOGONAL = {"class_name": "Orthogonal", "config": {"gain": 1.0, "seed": None}}
SGD = {"class_name": "SGD", "config": {"lr": 0.01, "momentum": 0.0, "decay": 0.0}}


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def dense(name, units, activation="linear", **more):
    return layer(
        "Dense",
        name,
        units=units,
        activation=activation,
        use_bias=True,
        kernel_initializer=GLOROT,
        bias_initializer=ZEROS,
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **more,
    )


def recurrent(class_name, name, units, **more):
    return layer(
        class_name,
        name,
        units=units,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        kernel_initializer=GLOROT,
        recurrent_initializer=ORTHOGONAL,
        bias_initializer=ZEROS,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        **more,
    )


def write(
    path,
    layers,
    weights,
    version="2.2.4",
    backend="tensorflow",
    training=None,
    optimizer=(),
    whole=True,
):
    """A file of these layers.

    ``weights`` are lists of pairs of name and array by the layer's name, ``optimizer`` such a list.
    A version or backend of None is left out.
    """
    said = {"keras_version": version, "backend": backend}
    said = {name: value.encode() for name, value in said.items() if value is not None}
    with h5py.File(path, "w") as root:
        group = root
        if whole:
            model = {"class_name": "Sequential", "config": layers}
            if version is None or not version.startswith("1"):
                model["config"] = {"name": "sequential_1", "layers": layers}
            root.attrs["model_config"] = json.dumps(model).encode()
            group = root.create_group("model_weights")
        for each in (root, group):
            each.attrs.update(said)
        if training is not None:
            usual = {"optimizer_config": SGD, "metrics": [], "loss_weights": None}
            root.attrs["training_config"] = json.dumps(usual | training).encode()
        group.attrs["layer_names"] = [each["config"]["name"].encode() for each in layers]
        for each in layers:
            name = each["config"]["name"]
            _write_arrays(group.create_group(name), weights.get(name, []))
        if optimizer:
            _write_arrays(root.create_group("optimizer_weights"), optimizer)
    return path


def _write_arrays(group, arrays):
    group.attrs["weight_names"] = [name.encode() for name, _ in arrays]
    for name, value in arrays:
        group.create_dataset(name, data=np.asarray(value))


def named(name, *arrays):
    """Arrays under the names that Keras 2 gives them."""
    names = ["kernel", "recurrent_kernel", "bias"] if len(arrays) == 3 else ["kernel", "bias"]
    return [(f"{name}/{k}:0", a) for k, a in zip(names, arrays, strict=True)]


# ------------------------------------------------------------------------------- what they computed


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x):
    """That of Keras 1 and 2."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def lstm(x, kernel, recurrent_kernel, bias, gate=hard_sigmoid):
    """The last output of an LSTM; gates in the order i, f, c, o."""
    h = c = np.zeros((len(x), len(recurrent_kernel)))
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent_kernel + bias, 4, 1)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
    return h


def gru(x, kernel, recurrent_kernel, bias, gate=hard_sigmoid):
    """The last output of a GRU that resets the state before the product."""
    h, (of_z, of_r, of_h) = (
        np.zeros((len(x), len(recurrent_kernel))),
        np.split(recurrent_kernel, 3, 1),
    )
    for t in range(x.shape[1]):
        z, r, new = np.split(x[:, t] @ kernel + bias, 3, 1)
        z, r = gate(z + h @ of_z), gate(r + h @ of_r)
        h = z * h + (1 - z) * np.tanh(new + (r * h) @ of_h)
    return h


def gru_reset_after(x, kernel, recurrent_kernel, bias, gate=sigmoid):
    """The last output of a GRU that resets the product; bias has two rows."""
    h = np.zeros((len(x), len(recurrent_kernel)))
    for t in range(x.shape[1]):
        z, r, new = np.split(x[:, t] @ kernel + bias[0], 3, 1)
        of_z, of_r, of_h = np.split(h @ recurrent_kernel + bias[1], 3, 1)
        z, r = gate(z + of_z), gate(r + of_r)
        h = z * h + (1 - z) * np.tanh(new + r * of_h)
    return h


def correlation(x, kernel):
    """Of images (n, height, width, channels) with (rows, columns, channels, filters), "valid"."""
    rows, columns = kernel.shape[:2]
    height, width = x.shape[1] - rows + 1, x.shape[2] - columns + 1
    y = np.zeros((len(x), height, width, kernel.shape[3]))
    for i in range(rows):
        for j in range(columns):
            y += x[:, i : i + height, j : j + width] @ kernel[i, j]
    return y
