"""Numbers in files: damage is found, and what makes no sense is said."""

import json
import warnings

import h5py
import numpy as np
import pytest

import nnkit
from nnkit import __main__
from nnkit.errors import FileFormatError
from nnkit.saving import load_model, load_weights
from tests.saving.conftest import make, trained

BIAS = "model_weights/dense/dense/bias"
ADAM = "optimizer_weights/adam"


def change(path, name, value):
    """Put a number in place of another, and its checksum, too."""
    with h5py.File(path, "r+") as file:
        old = file[name].dtype
        del file[name]
        file[name] = np.asarray(value, old)


@pytest.mark.parametrize("name", [BIAS, f"{ADAM}/dense/kernel/momentum", f"{ADAM}/iteration"])
def test_a_bit_that_flips_is_found(name, saved):
    with h5py.File(saved) as file:
        place = file[name].id.get_offset()
    content = bytearray(saved.read_bytes())
    content[place] ^= 1
    saved.write_bytes(content)
    with pytest.raises(FileFormatError, match=f"/{name} is damaged"):
        load_model(saved)
    if name == BIAS:
        model = make()
        before = model.get_weights()
        with pytest.raises(FileFormatError, match=f"/{name} is damaged"):
            load_weights(model, saved)
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [">f4", "<i4"])
def test_a_type_that_changes_is_found(dtype, saved):
    """The same bytes would be other numbers."""
    with h5py.File(saved, "r+") as file:
        checksum = file[BIAS].attrs["crc32"]
        old = file[BIAS][()]
        del file[BIAS]
        file[BIAS] = old.view(dtype)
        file[BIAS].attrs["crc32"] = checksum
    with pytest.raises(FileFormatError, match=f"/{BIAS} is damaged"):
        load_model(saved)


def test_an_optimizer_s_state_that_is_lost_is_found(saved):
    with h5py.File(saved, "r+") as file:
        file.move("optimizer_weights", "optimizer_weighus")
    with pytest.raises(FileFormatError, match=r"the optimizer remembers is missing.*compile=False"):
        load_model(saved)
    assert load_model(saved, compile=False).built


@pytest.mark.parametrize("name", ["w.h5", "m.weights.h5"])
def test_weights_alone_have_checksums(name, tmp_path):
    path = tmp_path / name
    make().save_weights(path)
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: found.append(item) and None)
        arrays = [item for item in found if isinstance(item, h5py.Dataset)]
        assert len(arrays) == 4
        assert all("crc32" in array.attrs for array in arrays)
        place = arrays[-1].id.get_offset()
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="is damaged"):
        make().load_weights(path)


def test_numbers_without_checksum_are_read(saved):
    change(saved, BIAS, np.arange(5))
    np.testing.assert_array_equal(load_model(saved).get_weights()[1], np.arange(5))


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_nan_is_said(value, saved):
    change(saved, BIAS, [0, 1, value, 3, 4])
    with pytest.warns(UserWarning, match="NaN or infinite weights in the file: dense/bias"):
        model = load_model(saved)
    assert model.get_weights()[1][2] == value or np.isnan(value)
    with pytest.warns(UserWarning, match="dense/bias"):
        make().load_weights(saved)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_model(saved)
    assert [c.filename for c in caught] == [__file__]


def test_steps_done(saved):
    change(saved, f"{ADAM}/iteration", 2**62)
    assert load_model(saved).optimizer.iterations == 2**62
    for steps in (-1, 2**62 + 1):
        change(saved, f"{ADAM}/iteration", steps)
        with pytest.raises(FileFormatError, match=f"iteration is {steps}; steps done are from 0"):
            load_model(saved)
        assert load_model(saved, compile=False).built


def test_learning_rate(saved):
    change(saved, f"{ADAM}/learning_rate", np.nan)
    with pytest.raises(FileFormatError, match="learning_rate is not finite"):
        load_model(saved)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "1", None])
@pytest.mark.parametrize("what", ["epochs", "dropout"])
def test_seeds(seed, what, saved):
    with h5py.File(saved, "r+") as file:
        state = json.loads(file["nnkit"].attrs["state"])
        if what == "epochs":
            state["training"]["seed"] = seed
        else:
            state["layers"]["dropout"]["key"] = seed
        file["nnkit"].attrs["state"] = json.dumps(state)
    with pytest.raises(FileFormatError, match=r"seed|key"):
        load_model(saved)


def test_seed_of_a_layer(saved):
    with h5py.File(saved, "r+") as file:
        config = json.loads(file["nnkit"].attrs["model_config"])
        config["layers"][2]["config"]["seed"] = 2**63
        file["nnkit"].attrs["model_config"] = json.dumps(config)
    with pytest.raises(FileFormatError, match="seed"):
        load_model(saved)


def test_no_control_characters_are_shown(saved, capsys):
    """A terminal would do what they say."""
    with h5py.File(saved, "r+") as file:
        file["nnkit"].attrs["nnkit_version"] = "1\x1b[2J\u202e\r"
    assert "written by nnkit 1\\x1b[2J\\u202e\\r\n" in nnkit.saving.inspect(saved)
    __main__.main(["inspect", str(saved)])
    assert capsys.readouterr().out == nnkit.saving.inspect(saved) + "\n"
    with h5py.File(saved, "r+") as file:
        file["nnkit"].attrs["format_version"] = 2
    with pytest.raises(FileFormatError) as caught:
        load_model(saved)
    assert str(caught.value).isprintable()
    assert "1\\x1b[2J" in str(caught.value)


def test_inspect_of_a_file_that_is_none(tmp_path, saved):
    saved.write_bytes(b"\x1b[2J")
    for path in (saved, tmp_path / "nothing.h5"):
        with pytest.raises(SystemExit, match=r"^nnkit: .*(starts with b'\\x1b|No such file)"):
            __main__.main(["inspect", str(path)])


def test_keys_with_control_characters(saved):
    with h5py.File(saved, "r+") as file:
        file["nnkit"].attrs["model_config"] = json.dumps({"a\x1b[2J": 1})
    with pytest.raises(FileFormatError, match=r"the key 'a\\x1b\[2J' has control characters"):
        load_model(saved)


def test_saved_twice_is_the_same(tmp_path):
    """Checksums and all: a file depends on nothing but the model."""
    model = trained()
    for name in "ab":
        model.save(tmp_path / f"{name}.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
