"""Files with random damage: each is read or refused, in little memory and time."""

import h5py
import numpy as np
import pytest

from tests.helpers import rounds
from tests.saving.conftest import trained
from tests.saving.strangers import answers

pytestmark = pytest.mark.soak

# What programs take for sizes and addresses without thinking.
STRANGE = [0, 1, 2**16 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1]


def originals(folder):
    """Valid files of each layout."""
    model = trained()
    model.save(folder / "whole.h5")
    model.save_weights(folder / "old.h5")
    model.save_weights(folder / "new.weights.h5")
    with h5py.File(folder / "whole.h5") as source, h5py.File(folder / "packed.h5", "w") as target:
        source.copy("model_weights", target)
        target.attrs.update(source.attrs)  # Without nnkit's group it is as Keras's.
        kernel = target["model_weights/dense/dense"].pop("kernel")[()]
        options = {"compression": "gzip", "shuffle": True, "fletcher32": True, "chunks": (2, 5)}
        target["model_weights/dense/dense"].create_dataset("kernel", data=kernel, **options)
    whole, latest = h5py.File(folder / "whole.h5"), folder / "latest.h5"
    with whole, h5py.File(latest, "w", libver="latest") as target:
        whole.copy("model_weights", target)
        whole.copy("nnkit", target)
        target.attrs.update(whole.attrs)
    return [path.read_bytes() for path in sorted(folder.glob("*.h5"))]


def mutant(content, other, rng):
    """A file with one kind of damage."""
    content = bytearray(content)
    kind = rng.integers(5)
    places = rng.integers(8, len(content) - 8, rng.integers(1, 9))
    if kind == 0:
        for place in places:
            content[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        for place in places:
            content[place] = rng.integers(256)
    elif kind == 2:
        del content[int(places[0]) :]
    elif kind == 3:
        size = int(rng.integers(1, 2000))
        start = int(rng.integers(0, len(other)))
        content[int(places[0]) : int(places[0]) + size] = other[start : start + size]
    else:
        for place in places & ~7:
            content[place : place + 8] = STRANGE[rng.integers(len(STRANGE))].to_bytes(8, "little")
    return bytes(content)


def test_mutants(tmp_path):
    files, rng = originals(tmp_path), np.random.default_rng(0)
    paths = [tmp_path / f"{i}.h5" for i in range(rounds(60, 2000))]
    for path in paths:
        content, other = (files[rng.integers(len(files))] for _ in range(2))
        path.write_bytes(mutant(content, other, rng))
    said = answers(paths)
    wrong = [
        (p.name, a) for p, three in zip(paths, said, strict=True) for a in three if "wrong: " in a
    ]
    assert wrong == []
    refused = [a for three in said for a in three if not a.startswith("read: ")]
    assert len(refused) > len(paths)  # It is damage.
