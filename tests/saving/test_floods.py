"""Files that ask for more time or memory than a file of their size may, in a process without it."""

import json
import re
import struct

import h5py
import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense
from nnkit.saving.safe import open_hdf5
from tests.saving.conftest import make
from tests.saving.strangers import answers

FLOODS = {}  # By name: what makes such a file, and the refusal.


def flood(message):
    """A function that turns a model's file into one that is refused with a message."""

    def keep(function):
        FLOODS[function.__name__] = function, message
        return function

    return keep


def rename(group, attribute, names):
    del group.attrs[attribute]
    group.attrs.create(attribute, np.array(names, object), dtype=h5py.string_dtype())


def configure(path, change, words="nnkit", document="model_config"):
    with h5py.File(path, "r+") as file:
        if words == "keras":
            del file["nnkit"]
        group = file["nnkit" if words == "nnkit" else "/"]
        config = json.loads(group.attrs[document])
        change(config)
        group.attrs.create(document, json.dumps(config), dtype=h5py.string_dtype())


def references(path, group, attribute):
    """The bytes of a file, and where the references to an attribute's strings are in them.

    They are 16 bytes each: length, address of the heap, number in it.
    """
    content = path.read_bytes()
    with open_hdf5(path) as root:
        data = (root.member(group) or root).attribute(attribute).data
    start = content.index(data)
    return bytearray(content), range(start, start + len(data), 16)


@flood("has a string of 1048576 bytes")
def many_names_at_one_long_string(path):
    with h5py.File(path, "r+") as file:
        file["nnkit"].attrs["long"] = "x" * 2**20
        rename(file["model_weights"], "layer_names", [f"{i:07}" for i in range(2000)])
    content, (long,) = references(path, "nnkit", "long")
    for at in references(path, "model_weights", "layer_names")[1]:
        content[at : at + 16] = content[long : long + 16]
    path.write_bytes(content)


@flood("has a string of 4294967295 bytes|is not in the heap")
def a_string_of_four_gigabytes(path):
    content, places = references(path, "model_weights", "layer_names")
    for at in places:
        content[at : at + 4] = b"\xff" * 4
    path.write_bytes(content)


@flood("lie over each other")
def heaps_that_lie_over_each_other(path):
    count, size = 2000, 8 * 2**20
    with h5py.File(path, "r+") as file:
        rename(file["model_weights"], "layer_names", [f"{i:07}" for i in range(count)])
        heaps = np.zeros(size, np.uint8)
        for i in range(count):  # Each holds one string, and all the others.
            start = struct.pack("<8sQHHIQ7s", b"GCOL\1", size - 64 * i, 1, 1, 0, 7, b"xxxxxxx")
            heaps[64 * i : 64 * i + len(start)] = np.frombuffer(start, np.uint8)
        place = file.create_dataset("heaps", data=heaps).id.get_offset()
    content, places = references(path, "model_weights", "layer_names")
    for i, at in enumerate(places):
        content[at + 4 : at + 16] = struct.pack("<QI", place + 64 * i, 1)
    path.write_bytes(content)


@flood("3000000 weights are named; at most 32768")
def names_that_multiply(path):
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        rename(group, "layer_names", ["dense"] * 3000)
        rename(group["dense"], "weight_names", ["dense/kernel"] * 1000)


@flood("one array too many|only .* are left|layers with weights|other shapes")
def one_array_listed_again_and_again(path):
    layer = Dense(512, use_bias=False, name="table")
    table = nnkit.Sequential([nnkit.Input((512,)), layer])
    table.save(path)

    def repeat(config):
        layer = config["layers"][0]
        named = [layer | {"config": layer["config"] | {"name": f"t{i}"}} for i in range(1000)]
        config["layers"] = named

    configure(path, repeat)
    with h5py.File(path, "r+") as file:
        rename(file["model_weights"], "layer_names", ["table"] * 1000)


def replace_kernel(path, **options):
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense/dense"]
        del group["kernel"]
        group.create_dataset("kernel", **options)


@flood("is one array too many")
def chunks_that_inflate(path):
    numbers = np.zeros((100, 2**18), "f4")
    numbers[:, ::2000] = 1.5  # So that no chunk alone is suspicious.
    replace_kernel(path, data=numbers, chunks=(1, 2**18), compression=9)


@flood("shape|shapes")
def chunks_of_one_number(path):
    replace_kernel(path, data=np.ones(100_000, "f4"), chunks=(1,))


@flood("more than 262144 groups, arrays, names")
def too_many_chunks(path):
    replace_kernel(path, data=np.ones(300_000, "u1"), chunks=(1,))


@flood("50001 metrics; at most 128")
def many_metrics(path):
    model = make()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.save(path)
    configure(
        path, lambda c: c["metrics"].extend(["accuracy"] * 50_000), "nnkit", "training_config"
    )


@flood("more than 8192 layers")
def many_layers(path):
    layer = {"class_name": "ReLU", "config": {}}
    configure(path, lambda c: c.update(layers=[layer] * 50_000))


@flood("more than 262144 values")
def many_values(path):
    configure(path, lambda c: c.update(layers=[[] for _ in range(300_000)]))


@flood("more than 8192 layers|2500 layers; at most 1024")
def many_layers_of_keras(path):
    tanh = {"class_name": "ReLU", "config": {"name": "r"}}
    configure(path, lambda c: c["config"].update(layers=[tanh] * 2500), "keras")


@flood("the input shape isn't in it|can't be made|only .* are left")
def a_layer_of_many_ones(path):
    layers = [
        {"class_name": "RepeatVector", "config": {"n": 2**29}},
        {"class_name": "Flatten", "config": {}},
        {
            "class_name": "LayerNormalization",
            "config": {"center": False, "scale": False, "name": "norm"},
        },
    ]
    configure(path, lambda c: c.update(layers=layers))


@flood("longer than 4194304")
def a_long_document(path):
    configure(path, lambda c: c.update(name="x" * 5 * 2**20))


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What every flood is answered, in one process for all of them."""
    folder = tmp_path_factory.mktemp("floods")
    paths = [folder / f"{name}.h5" for name in FLOODS]
    for path, (build, _) in zip(paths, FLOODS.values(), strict=True):
        make().save(path)
        build(path)
        assert path.stat().st_size < 20e6
    return dict(zip(FLOODS, answers(paths), strict=True))


@pytest.mark.parametrize("name", FLOODS)
def test_flood(name, said):
    """It is refused by who looks at what is too much, in little memory and time by all."""
    assert [answer for answer in said[name] if answer.startswith("wrong: ")] == []
    refused = [answer for answer in said[name] if not answer.startswith("read: ")]
    assert refused
    assert all(re.search(FLOODS[name][1], answer) for answer in refused)


def test_groups_in_a_circle(tmp_path):
    """Every group contains every other one: the paths between them are without number."""
    path = tmp_path / "m.weights.h5"
    make().save_weights(path)
    with h5py.File(path, "r+") as file:
        groups = [file.create_group(f"layers/g{i:02}") for i in range(30)]
        for group in groups:
            for i, other in enumerate(groups):
                group[f"g{i:02}"] = other
    ((_, weights, inspected),) = answers([path])
    assert weights == "read: None"
    assert "dense: 0 float32 (4, 5), 1 float32 (5,)" in inspected


def test_a_model_of_many_layers_is_made_at_once():
    """Every layer was built anew when one more came: a thousand took many seconds."""
    counted = []

    class Counted(nnkit.layers.Layer):
        def compute_output_shape(self, input_shape):
            counted.append(self)
            return input_shape

        def forward(self, x, training=False):
            return x

    nnkit.Sequential([nnkit.Input((4,)), *(Counted() for _ in range(100))])
    assert len(counted) == 100


def test_a_weight_from_a_file_runs_no_initializer(tmp_path, monkeypatch):
    """It would be overwritten; an orthogonal one of 4000 x 4000 takes a minute."""
    path = tmp_path / "m.h5"
    layers = [Dense(4, kernel_initializer="orthogonal"), Dense(4, kernel_initializer="orthogonal")]
    model = nnkit.Sequential([nnkit.Input((4,)), *layers])
    model.save(path)

    def never(initializer, shape, dtype):
        raise AssertionError("it ran")

    monkeypatch.setattr(nnkit.initializers.Orthogonal, "__call__", never)
    for a, b in zip(model.get_weights(), nnkit.load_model(path).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
