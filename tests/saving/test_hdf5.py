"""nnkit's reader of HDF5 against h5py: what that writes, this reads, or refuses by name."""

import itertools
import sys

import h5py
import numpy as np
import pytest

import nnkit
from nnkit.errors import FileFormatError
from nnkit.saving.safe import child, number, open_hdf5, text, texts

TYPES = ["<f2", "<f4", "<f8", ">f4", ">f8", "<i8", "<u1", ">i2"]
SHAPES = [(), (0,), (5,), (7, 5), (3, 4, 5), (300, 7)]
PACKED = [
    {},
    {"chunks": True},
    {"chunks": True, "compression": "gzip"},
    {"chunks": True, "shuffle": True, "compression": 4, "fletcher32": True},
    {"chunks": True, "shuffle": True, "fletcher32": True},
]


def written(path, rng, options, libver="earliest"):
    """Arrays of all types and shapes, in a file."""
    arrays = {}
    with h5py.File(path, "w", libver=libver) as file:
        for i, (dtype, shape) in enumerate(itertools.product(TYPES, SHAPES)):
            if options and 0 in (shape or (0,)):
                continue
            array = (50 * rng.standard_normal(shape)).astype(dtype)
            arrays[f"group{i % 3}/{i}"] = array
            file.create_dataset(f"group{i % 3}/{i}", data=array, **options)
    return arrays


def refused(path, member, message):
    with pytest.raises(FileFormatError, match=message), open_hdf5(path) as root:
        child(root, member)


@pytest.mark.parametrize("options", PACKED)
def test_arrays(options, rng, tmp_path):
    arrays = written(tmp_path / "a.h5", rng, options)
    with open_hdf5(tmp_path / "a.h5") as root:
        for path, array in arrays.items():
            found = child(root, path)
            assert (found.shape, found.dtype, found.nbytes) == (
                array.shape,
                array.dtype,
                array.nbytes,
            )
            np.testing.assert_array_equal(found.read(array.dtype), array, strict=True)
            np.testing.assert_array_equal(found.read("float64"), array.astype("float64"))


def test_arrays_of_the_newest_format(rng, tmp_path):
    arrays = written(tmp_path / "a.h5", rng, {}, "latest")
    refused(tmp_path / "a.h5", "group0/0", "group0 has its members in a form that is not read")
    few = dict(itertools.islice(arrays.items(), 8))
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        for path, array in few.items():
            file[path] = array
    with open_hdf5(tmp_path / "a.h5") as root:
        for path, array in few.items():
            np.testing.assert_array_equal(child(root, path).read(array.dtype), array)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_attributes(libver, tmp_path):
    names = ["x", "", "yé", "z" * 300]
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        file.attrs.update({"names": names, "one": "hé", "number": 7, "numbers": [1, 2]})
        file.attrs["fixed"] = np.array([b"ab", b"", b"cde"])
        file.attrs["bytes"] = np.bytes_(b"abc")
        file.attrs["none"] = np.zeros(0)
        file.attrs["empty"] = h5py.Empty("f")
    with open_hdf5(tmp_path / "a.h5") as root:
        assert texts(root, "names") == names
        assert texts(root, "fixed") == ["ab", "", "cde"]
        assert texts(root, "none") == []
        assert (text(root, "one"), text(root, "bytes")) == ("hé", "abc")
        assert number(root, "number") == 7
        assert text(root, "missing") is texts(root, "missing") is number(root, "missing") is None
    for read, name in [(text, "names"), (texts, "one"), (number, "numbers"), (texts, "empty")]:
        with pytest.raises(FileFormatError, match=name), open_hdf5(tmp_path / "a.h5") as root:
            read(root, name)


def test_a_large_group(tmp_path):
    """Its members are in a tree of several levels."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i in range(2000):
            file[f"group/{i}"] = i
    with open_hdf5(tmp_path / "a.h5") as root:
        group = child(root, "group")
        assert sorted(group.members, key=int) == [str(i) for i in range(2000)]
        assert child(group, "1234").read("int64") == 1234
        assert child(group, "2000") is None


@pytest.mark.parametrize("options", PACKED[2:])
def test_damaged_chunk(options, tmp_path):
    array = np.arange(1000, dtype="f4")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        place = file.create_dataset("x", data=array, **options).id.get_chunk_info(0).byte_offset
    content = bytearray((tmp_path / "a.h5").read_bytes())
    content[place + 20] ^= 1
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(FileFormatError), open_hdf5(tmp_path / "a.h5") as root:
        child(root, "x").read("f4")


def test_missing_chunk(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (1000,), "f4", chunks=(10,))[:500] = 1
    refused(tmp_path / "a.h5", "x", "/x 50 of 100 chunks are stored")


@pytest.mark.parametrize(("stored", "asked"), [("f2", "f4"), ("f4", "f8")])
def test_an_array_takes_the_memory_of_what_it_becomes(stored, asked, tmp_path):
    numbers = np.zeros(20 * 2**20 // np.dtype(stored).itemsize, stored)
    numbers[::2000] = 1
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=numbers, compression="gzip")
    with open_hdf5(tmp_path / "a.h5") as root:
        np.testing.assert_array_equal(child(root, "x").read(stored), numbers)
    with (
        pytest.raises(FileFormatError, match="one array too many"),
        open_hdf5(tmp_path / "a.h5") as root,
    ):
        child(root, "x").read(asked)


def test_a_number_of_16_bits_that_is_none_of_numpy_s(tmp_path):
    """Keras writes bfloat16 as bytes; as float16 they would be other numbers."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        kind = h5py.h5t.IEEE_F32LE.copy()
        kind.set_fields(15, 7, 8, 0, 7)
        kind.set_precision(16)
        kind.set_size(2)
        space = h5py.h5s.create_simple((3,))
        h5py.h5d.create(file.id, b"x", kind, space).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.ones(3, "f4")
        )
    refused(tmp_path / "a.h5", "x", "/x holds floats of a strange kind")


def test_reading_needs_no_hdf5_library(tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2)]).save(path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert nnkit.load_model(path).count_params() == 10
