"""Files made to harm: each is refused with its own message, in little memory, and fast."""

import contextlib
import json
import os

import h5py
import numpy as np
import pytest

from nnkit.errors import FileFormatError
from nnkit.saving import inspect, load_model, load_weights
from tests.saving.conftest import make
from tests.saving.strangers import answers

KERNEL = "model_weights/dense/dense/kernel"


def refused(path, message):
    model = make()
    before = model.get_weights()
    for action in (load_model, lambda p: load_weights(model, p), inspect):
        with pytest.raises(FileFormatError, match=message):
            action(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def replace_kernel(edit, make_new):
    with edit() as file:
        del file[KERNEL]
        group, name = file["model_weights/dense/dense"], "kernel"
        make_new(group, name)


def test_external_link(saved, edit, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["kernel"] = np.ones((4, 5), "float32")
    replace_kernel(edit, lambda g, n: g.update({n: h5py.ExternalLink("secret.h5", "kernel")}))
    refused(saved, "is a link to elsewhere")


def test_external_link_to_a_pipe_is_not_even_opened(saved, edit, tmp_path):
    """Opening it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    with edit() as file:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink("pipe", "/")
    refused(saved, "is a link to elsewhere")


def test_soft_link(saved, edit):
    replace_kernel(edit, lambda g, n: g.update({n: h5py.SoftLink("/" + KERNEL[:-6] + "bias")}))
    refused(saved, "is a link to elsewhere")


def test_external_storage(saved, edit, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(80))
    replace_kernel(
        edit,
        lambda g, n: g.create_dataset(n, (4, 5), "float32", external=[(str(secret), 0, 80)]),
    )
    refused(saved, "keeps its numbers in another file")


def test_virtual_data(saved, edit):
    layout = h5py.VirtualLayout((4, 5), "float32")
    layout[:] = h5py.VirtualSource("secret.h5", "kernel", (4, 5))
    replace_kernel(edit, lambda g, n: g.create_virtual_dataset(n, layout))
    refused(saved, "is virtual")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([["a" * 9] * 5] * 4, "S9"), "not plain numbers"),
        (np.zeros((4, 5), [("a", "f4"), ("b", "f4")]), "not plain numbers"),
        (np.zeros((4, 5), "c8"), "not plain numbers"),
        (np.zeros((1,) * 9, "f4"), "has 9 axes"),
    ],
)
def test_strange_data(saved, edit, values, message):
    replace_kernel(edit, lambda g, n: g.create_dataset(n, data=values))
    refused(saved, message)


def test_compressed_data_is_read(saved, edit):
    kernel = np.random.default_rng(0).standard_normal((4, 5))
    options = {"compression": "gzip", "shuffle": True, "fletcher32": True, "chunks": (2, 5)}
    replace_kernel(edit, lambda g, n: g.create_dataset(n, data=kernel, **options))
    np.testing.assert_array_equal(load_model(saved).get_weights()[0], kernel.astype("float32"))


def test_filter_of_a_plugin(saved, edit):
    replace_kernel(edit, lambda g, n: g.create_dataset(n, (4, 5), "f4", compression="lzf"))
    refused(saved, "uses filter 32000")


def test_group_in_place_of_data(saved, edit):
    replace_kernel(edit, lambda g, n: g.create_group(n))
    refused(saved, "is missing")


def test_strange_names(saved, edit):
    for name, message in [
        ("../../etc", "is no name"),
        ("dense//kernel", "is no name"),
        ("x", "mis"),
    ]:
        with edit() as file:
            file["model_weights/dense"].attrs["weight_names"] = [name, "dense/bias"]
        refused(saved, message)


def test_attribute_of_another_type(saved, edit):
    with edit() as file:
        file["model_weights"].attrs["layer_names"] = np.zeros(3)
    refused(saved, "should be a list of strings")


def in_little_memory(path, message):
    """Reading must fail in a process that may have little memory."""
    assert message in answers([path])[0][0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "but 0 are stored"),
        ({"chunks": (1024, 1024), "compression": "gzip"}, "but 0 are stored"),
    ],
)
def test_giant_data(saved, edit, options, message):
    replace_kernel(edit, lambda g, n: g.create_dataset(n, (10**6, 10**6), "f4", **options))
    in_little_memory(saved, message)


def test_chunk_that_inflates(saved, edit):
    """HDF5 would inflate it to 4 GB before it looks at how much it needs."""
    import zlib

    packer, piece = zlib.compressobj(9), bytes(2**20)
    begin, more = (packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    packed = begin + 4095 * more + packer.flush()

    def bomb(group, name):
        dataset = group.create_dataset(name, (4, 5), "f4", chunks=(4, 5), compression="gzip")
        dataset.id.write_direct_chunk((0, 0), packed)

    replace_kernel(edit, bomb)
    in_little_memory(saved, "has a chunk of 4247560 bytes in place of 80")


def test_giant_chunk(saved, edit):
    replace_kernel(
        edit,
        lambda g, n: g.create_dataset(
            n, data=np.ones((4, 5), "f4"), maxshape=(None, None), chunks=(2**14, 2**10)
        ),
    )
    refused(saved, "chunks of 67108864 bytes|but 0 are stored")


def change_config(edit, function, group="nnkit", attribute="model_config"):
    with edit() as file:
        config = json.loads(file[group].attrs[attribute])
        function(config)
        file[group].attrs[attribute] = json.dumps(config)


def test_giant_units(saved, edit):
    def giant(config):
        config["layers"][0]["config"]["units"] = 2**31

    change_config(edit, giant)
    in_little_memory(saved, "only ")


def test_giant_units_in_a_file_of_keras(saved, edit):
    def giant(config):
        config["config"]["layers"][1]["config"]["units"] = 2**31

    change_config(edit, giant, "/")
    with edit() as file:
        del file["nnkit"]
    in_little_memory(saved, "only ")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested deeper"),
        ("[" * 70 + "]" * 70, "nested deeper than 64"),
        ('{"a": 1, "a": 2}', "the key 'a' occurs twice"),
        ('{"a": NaN}', "NaN is no finite number"),
        ('{"a": 1e999}', "1e999 is no finite number"),
        ('{"a": ' + "9" * 5000 + "}", "more than 64 bits"),
        ("{", "not JSON"),
        ("[]", "should be a dictionary, but is a list"),
        ('"x"', "should be a dictionary, but is a str"),
        ('{"layers": [{"class_name": 7, "config": {}}], "name": "m"}', "layer: expected an object"),
        (" " * (16 * 2**20 + 1), "longer than"),
    ],
)
def test_json(saved, edit, document, message):
    with edit() as file:
        file["nnkit"].attrs["model_config"] = document
    with pytest.raises(FileFormatError, match=message):
        load_model(saved)


@pytest.mark.parametrize("name", ["training_config", "state"])
@pytest.mark.parametrize("document", ["[]", "7", '"x"', "true"])
def test_json_that_is_no_dictionary(saved, edit, name, document):
    with edit() as file:
        file["nnkit"].attrs[name] = document
    with pytest.raises(FileFormatError, match=f"{name} should be a dictionary"):
        load_model(saved)


def test_layer_that_does_not_exist(saved, edit):
    def unknown(config):
        config["layers"][0]["class_name"] = "os.system"

    change_config(edit, unknown)
    with pytest.raises(FileFormatError, match=r"unknown layer 'os\.system'"):
        load_model(saved)


def test_argument_that_does_not_exist(saved, edit):
    change_config(edit, lambda c: c["layers"][0]["config"].update(command="rm"))
    with pytest.raises(FileFormatError, match="command"):
        load_model(saved)


def test_layer_s_name_that_is_a_path(saved, edit):
    change_config(edit, lambda c: c["layers"][0]["config"].update(name="../../x"))
    with pytest.raises(FileFormatError, match="a layer's name is made of"):
        load_model(saved)


def test_newer_version(saved, edit):
    with edit() as file:
        file["nnkit"].attrs["format_version"] = 2
        file["nnkit"].attrs["nnkit_version"] = "9.0"
    with pytest.raises(FileFormatError, match=r"written by nnkit 9\.0, in format 2"):
        load_model(saved)


def test_version_missing(saved, edit):
    with edit() as file:
        del file["nnkit"].attrs["format_version"]
    with pytest.raises(FileFormatError, match="no format_version"):
        load_model(saved)


def test_optimizer_state_of_another_model(saved, edit):
    with edit() as file:
        del file["optimizer_weights/adam/dense/kernel/momentum"]
        file["optimizer_weights/adam/dense/kernel/momentum"] = np.zeros((9, 9), "f4")
    with pytest.raises(FileFormatError, match=r"state has shapes \[\(9, 9\)"):
        load_model(saved)


@pytest.mark.parametrize("missing", ["layer_names", "model_config"])
def test_missing_members(saved, edit, missing):
    with edit() as file:
        del file["model_weights" if missing == "layer_names" else "nnkit"].attrs[missing]
    with pytest.raises(FileFormatError, match=missing):
        load_model(saved)


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_truncated(saved, kept):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * kept)])
    refused(saved, "damaged or truncated")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04rest", r"a zip archive; Keras 3's \.keras format"),
        (b"\x80\x04\x95", "a Python pickle"),
        (b"\x93NUMPY\x01", "a NumPy array"),
        (b"hello, world", "it starts with b'hello, w'"),
    ],
)
def test_not_hdf5(tmp_path, content, message):
    path = tmp_path / "m.h5"
    path.write_bytes(content)
    refused(path, message)


def test_not_a_file(tmp_path, saved):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing.h5")
    os.mkfifo(tmp_path / "pipe.h5")
    refused(tmp_path / "pipe.h5", "not a regular file")
    with pytest.raises(FileFormatError, match="more than max_bytes = 100"):
        load_model(saved, max_bytes=100)


def test_a_heap_that_never_ends(saved):
    """HDF5 goes from object to object by their sizes; free space of size 0 leads nowhere."""
    content = bytearray(saved.read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 18] = b"\0\0"
    content[heap + 24 : heap + 32] = bytes(8)
    saved.write_bytes(content)
    refused(saved, f"is not in the heap at byte {heap}")


def test_random_damage(saved):
    """Whatever is wrong with a file, it is a FileFormatError or, if harmless, none at all."""
    whole, rng = saved.read_bytes(), np.random.default_rng(0)
    loaded = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(8, len(whole), 3):
            damaged[place] = rng.integers(256)
        saved.write_bytes(damaged)
        with contextlib.suppress(FileFormatError):
            load_model(saved)
            loaded += 1
    assert 0 < loaded < 150
