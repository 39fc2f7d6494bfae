"""IMDB and Reuters: made-up files in the original form, against what Keras says about them."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from nnkit.datasets import imdb, pickled, reuters


def ragged(rng, n):
    texts = np.empty(n, object)
    for i in range(n):
        texts[i] = rng.integers(1, 60, rng.integers(1, 9)).tolist()
    return texts


def write(path, protocol=4, **arrays):
    """As NumPy writes it, by any protocol of pickles."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            if array.dtype == object:
                head = {"descr": "|O", "fortran_order": False, "shape": array.shape}
                np.lib.format.write_array_header_1_0(stream, head)
                pickle.dump(array, stream, protocol=protocol)
            else:
                np.lib.format.write_array(stream, array)
            archive.writestr(f"{name}.npy", stream.getvalue())


def encoded(xs, num_words=None, skip_top=0, maxlen=None, start=1, oov=2, index_from=3):
    """Of lists: word by word; None for a text that is too long."""
    xs = [([] if start is None else [start]) + [w + index_from for w in x] for x in xs]
    xs = [x if not maxlen or len(x) < maxlen else None for x in xs]
    most = num_words or max(max(x) for x in xs if x is not None)
    out = []
    for x in xs:
        if x is not None:
            x = [w if skip_top <= w < most else oov for w in x]
            x = [w for w in x if w is not None]
        out.append(x)
    return out


OPTIONS = [
    {},
    {"num_words": 20},
    {"num_words": 20, "oov_char": None},
    {"skip_top": 10, "maxlen": 6, "start_char": None},
    {"start_char": None, "index_from": 0, "seed": 5},
]
NAMES = {"start_char": "start", "oov_char": "oov"}


def renamed(options):
    return {NAMES.get(name, name): v for name, v in options.items() if name != "seed"}


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_imdb(folder, rng, options):
    a = {"x_train": ragged(rng, 30), "y_train": rng.integers(0, 2, 30)}
    a |= {"x_test": ragged(rng, 20), "y_test": rng.integers(0, 2, 20)}
    write(folder / "imdb.npz", **a)
    train, test = imdb.load_data(**options)
    state = np.random.RandomState(options.get("seed", 113))
    rows = [np.arange(30), np.arange(20)]
    for r in rows:
        state.shuffle(r)
    x = [*a["x_train"][rows[0]], *a["x_test"][rows[1]]]
    y = [*a["y_train"][rows[0]], *a["y_test"][rows[1]]]
    want = list(zip(encoded(x, **renamed(options)), y, strict=True))
    for (mine, labels), part in ((train, want[:30]), (test, want[30:])):
        part = [(text, label) for text, label in part if text is not None]
        assert mine.tolist() == [text for text, _ in part]
        assert labels.tolist() == [label for _, label in part]
        assert mine.dtype == object
        assert mine.ndim == 1
        assert labels.dtype == np.int64


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("test_split", [0.2, 0.55])
def test_reuters(folder, rng, options, test_split):
    x, y = ragged(rng, 31), rng.integers(0, 46, 31)
    write(folder / "reuters.npz", x=x, y=y)
    (x_train, y_train), (x_test, y_test) = reuters.load_data(test_split=test_split, **options)
    rows = np.arange(31)
    np.random.RandomState(options.get("seed", 113)).shuffle(rows)
    want = zip(encoded(x[rows], **renamed(options)), y[rows], strict=True)
    want = [(text, label) for text, label in want if text is not None]
    assert [*x_train, *x_test] == [text for text, _ in want]
    assert [*y_train, *y_test] == [label for _, label in want]
    assert len(x_train) == len(y_train) == int(len(want) * (1 - test_split))


def test_texts_of_one_length_stay_lists(folder):
    x = np.empty(4, object)
    x[:] = [[1, 2], [3, 4], [5, 6], [7, 8]]
    write(folder / "reuters.npz", x=x, y=np.arange(4))
    (x_train, _), _ = reuters.load_data()
    assert x_train.shape == (3,)
    assert all(type(text) is list and type(text[0]) is int for text in x_train)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
@pytest.mark.parametrize("trusted", [False, True])
def test_protocols(folder, rng, protocol, trusted, monkeypatch):
    """Files of any age; with the digest of Keras's file, by the faster reader."""
    monkeypatch.setattr(pickled, "has_digest", lambda path, known_hash: trusted)
    x = ragged(rng, 9)
    write(folder / "reuters.npz", protocol, x=x, y=np.arange(9))
    (x_train, _), (x_test, _) = reuters.load_data(start_char=None, index_from=0, num_words=99)
    assert sorted([*x_train, *x_test]) == sorted(x.tolist())


class Calls:
    """Asks for a call when it is read."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Builds(Calls):
    def __reduce__(self):
        return (*self.call, {"a": 1})


CALLED = []
ATTACKS = {
    "eval": [Calls(eval, "CALLED.append(1)")],
    "open": [Calls(open, "made", "w")],
    "getattr": [Calls(getattr, [1], "append")],
    "numpy": [Calls(np.zeros, (1 << 20,))],
    "load": [Calls(np.load, "file.npy", None, True)],
    "set": [{1, 2}],
    "float": [[1.5]],
    "words": [["cat"]],
    "nested": [[[1]]],
    "no list": 7,
    "dictionary": [{"a": 1}],
    "bytearray": [bytearray(b"12")],
    "builds": [Builds(print)],
}


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("attack", ATTACKS)
def test_other_pickles_are_refused(folder, attack, trusted, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(pickled, "has_digest", lambda path, known_hash: trusted)
    x = np.empty(2, object)
    x[0], x[1] = [1], ATTACKS[attack]
    write(folder / "reuters.npz", x=x, y=np.arange(2))
    with pytest.raises(ValueError, match=r"reuters\.npz is not the data set as Keras stores it"):
        reuters.load_data()
    assert not CALLED
    assert not (folder / "made").exists()


HOSTILE = {
    "a number for a place of 2**31": b"\x80\x02]r\xff\xff\xff\x7f.",
    "a length without content": b"\x80\x04B\xff\xff\xff\x7fab.",
    "8 bytes of length": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x0fab.",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent object": b"\x80\x02K\x01Q.",
    "an empty stack": b"\x80\x02s.",
    "a new object": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "what is shared is changed": b"\x80\x02cnumpy\nndarray\n}X\x01\x00\x00\x00aK\x01sb.",
    "nothing": b"",
    "half": pickle.dumps(np.array([[1]], object))[:-9],
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickles(content):
    if content.startswith(b"\x80\x02]r"):  # A place in a dictionary takes no memory.
        assert pickled.read_pickle(content) == []
        return
    with pytest.raises(ValueError, match="it is no such pickle"):
        pickled.read_pickle(content)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ((1, (3,), np.dtype("f8"), False, b"too short"), "too much or too little"),
        ((1, (1 << 40, 1 << 40), np.dtype("u1"), False, b"a"), "too much or too little"),
        ((1, (-1,), np.dtype("u1"), False, b"a"), "no known form"),
        ((1, (1,), np.dtype("c16"), False, bytes(16)), "of type 'c16'"),
        ((1, (1,), np.dtype([("a", "u1")]), False, b"a"), "no such pickle|structured"),
        ((1, (2,), np.dtype("O"), False, [1]), "no list"),
        ((1, (1,)), "without content"),
        ("text", "without content"),
    ],
    ids=str,
)
def test_hostile_arrays(state, reason):
    reconstruct, arguments, _ = np.zeros(1).__reduce__()

    class Array:
        def __reduce__(self):
            return reconstruct, arguments, state

    with pytest.raises(ValueError, match=reason):
        pickled.read_pickle(pickle.dumps(Array(), protocol=2))


def test_damaged_files(folder, rng):
    path = folder / "reuters.npz"
    for content, reason in ((b"<html>", "not a zip"), (None, "it has no y, only x")):
        write(path, x=ragged(rng, 3))
        if content:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=reason):
            reuters.load_data()
    write(path, x=ragged(rng, 3), y=np.arange(2))
    with pytest.raises(ValueError, match=r"y is int64 \(2,\) for 3 texts"):
        reuters.load_data()
    write(path, x=np.arange(3), y=np.arange(3))
    with pytest.raises(ValueError, match="x has no lists but int64"):
        reuters.load_data()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"num_words": -1}, "num_words must be a whole number from 0"),
        ({"seed": -1}, "seed must be"),
        ({"test_split": 1.0}, r"test_split must be a number in \[0, 1\)"),
        ({"maxlen": 1}, "no text has less than maxlen=1 words: increase maxlen"),
        ({"num_wrods": 1}, "no argument 'num_wrods'; did you mean"),
    ],
)
def test_bad_arguments(folder, rng, options, reason):
    write(folder / "reuters.npz", x=ragged(rng, 3), y=np.arange(3))
    with pytest.raises((TypeError, ValueError), match=reason):
        reuters.load_data(**options)


def test_offline():
    with pytest.raises(OSError, match="IMDB is not on this machine") as error:
        imdb.load_data()
    assert "imdb.npz into another folder and set NNKIT_DATA_DIR" in str(error.value)
    assert imdb.GOOGLE + "imdb.npz" in str(error.value)


@pytest.mark.parametrize("data_set", [imdb, reuters])
def test_index_of_words(folder, data_set):
    path = folder / f"{data_set.__name__.split('.')[-1]}_word_index.json"
    path.write_text(json.dumps({"the": 1, "é": 2}))
    assert data_set.get_word_index() == {"the": 1, "é": 2}
    for content in ('["the"]', '{"the": "1"}', "<html>"):
        path.write_text(content)
        with pytest.raises(ValueError, match="Replace or remove it"):
            data_set.get_word_index()
    path.unlink()
    with pytest.raises(OSError, match="could not be downloaded"):
        data_set.get_word_index()
    assert len(set(reuters.get_label_names())) == 46
