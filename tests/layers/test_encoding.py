"""Layers that turn values into numbers of categories, or into codes."""

import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit.layers import (
    CategoryEncoding,
    Dense,
    Discretization,
    Hashing,
    IntegerLookup,
    StringLookup,
    TextVectorization,
)
from nnkit.layers.hashes import fingerprint64, siphash


def same(layer, x):
    """Copies of a layer do the same, those from its description too."""
    wanted = layer(x)
    for other in (
        type(layer).from_config(layer.get_config()),
        pickle.loads(pickle.dumps(layer)),
        copy.deepcopy(layer),
    ):
        np.testing.assert_array_equal(other(x), wanted)
    return wanted


def test_one_hot_takes_the_place_of_an_axis_of_size_1():
    layer = CategoryEncoding(4, output_mode="one_hot")
    for given, shape in ([3, 2, 0, 1], (4, 4)), ([[3], [0]], (2, 4)), ([[3, 1], [0, 1]], (2, 2, 4)):
        found = same(layer, given)
        assert found.shape == shape
        np.testing.assert_array_equal(found.argmax(axis=-1).ravel(), np.ravel(given))
        assert found.sum() == np.size(given)


def test_a_vector_of_several_is_one_sample():
    np.testing.assert_array_equal(CategoryEncoding(3)([0, 2, 2]), [1, 0, 1])
    np.testing.assert_array_equal(CategoryEncoding(3, "count")([0, 2, 2]), [1, 0, 2])


def test_count_weights_in_a_model(rng):
    ids, weights = nnkit.Input((3,)), nnkit.Input((3,))
    model = nnkit.Model([ids, weights], CategoryEncoding(4, "count")(ids, count_weights=weights))
    x, w = rng.integers(0, 4, (5, 3)), rng.normal(size=(5, 3)).astype(np.float32)
    want = np.zeros((5, 4))
    for row in range(5):
        np.add.at(want[row], x[row], w[row])
    np.testing.assert_allclose(model.predict([x, w], verbose=0), want, 1e-5, 1e-6)
    layer = CategoryEncoding(4, "count")
    layer.forward(x, True, w)
    dy = rng.normal(size=(5, 4))
    np.testing.assert_array_equal(layer.backward(dy)[1], np.take_along_axis(dy, x, axis=1))


def test_encoding_in_front_of_a_network(rng, tmp_path):
    """Of keys of a table, with a file."""
    keys = np.array([70000001, 12, 345])
    x = rng.choice(keys, (30, 1))
    y = (x == 12).astype(float)
    lookup = IntegerLookup(output_mode="one_hot")
    lookup.adapt(x)
    model = nnkit.Sequential([nnkit.Input((1,)), lookup, Dense(1)])
    model.compile(nnkit.optimizers.SGD(0.5), "mse")
    model.fit(x, y, epochs=60, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), y, atol=0.02)
    model.save(tmp_path / "model.h5")
    again = nnkit.load_model(tmp_path / "model.h5")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_discretization(rng):
    x = rng.normal(size=(50, 3))
    layer = Discretization(num_bins=4, output_mode="count")
    layer.adapt(x)
    np.testing.assert_allclose(layer.bin_boundaries, np.quantile(x, [0.25, 0.5, 0.75]), atol=0.05)
    np.testing.assert_array_equal(same(layer, x).sum(axis=-1), 3)
    whole = Discretization(num_bins=3, epsilon=0.001)
    whole.adapt(x[i : i + 7] for i in range(0, 50, 7))
    shares = [(whole(x) == i).mean() for i in range(3)]
    np.testing.assert_allclose(shares, 1 / 3, atol=0.02)
    assert whole.compute_output_shape((None, 3)) == (None, 3)
    assert layer.compute_output_shape((None, 3)) == (None, 4)


# Of Keras's documentation.
def test_hashing_is_keras_s():
    x = [["A"], ["B"], ["C"], ["D"], ["E"]]
    assert same(Hashing(3), x).ravel().tolist() == [1, 0, 1, 1, 2]
    assert Hashing(3, salt=[133, 137])(x).ravel().tolist() == [1, 2, 1, 0, 2]
    assert Hashing(3, salt=133)(np.array(x)).ravel().tolist() == [0, 0, 2, 1, 0]
    masked = Hashing(3, mask_value="")([["A"], ["B"], [""], ["C"], ["D"]])
    assert masked.ravel().tolist() == [1, 1, 0, 2, 2]
    one_hot = Hashing(3, output_mode="one_hot")(x)
    np.testing.assert_array_equal(one_hot.argmax(axis=1), [1, 0, 1, 1, 2])
    assert Hashing(7)(np.array([[5, -3]])).tolist() == Hashing(7)([["5", "-3"]]).tolist()


# By another implementation of FarmHash: one text of each way to hash, and of its ends.
FINGERPRINTS = [
    (0, 0x9AE16A3B2F90404F),
    (3, 0x24A5B3A074E7F369),
    (4, 0x1A5502DE4A1F8101),
    (7, 0x3C40C92B1CCB7355),
    (8, 0xFEE9D22990C82909),
    (16, 0x54630BAD7705CEBD),
    (17, 0x9E2106C72D7793A8),
    (32, 0xFF96B8A54087359A),
    (33, 0x1BD257E2FC3DA812),
    (64, 0x9C4A595C23BB9BFA),
    (65, 0x2434D8917886FE2A),
    (128, 0xC3244D5EC8A4474A),
    (129, 0x9B1CA0571B8CEFD4),
    (200, 0x25D40299E8419AF6),
]


@pytest.mark.parametrize(("size", "value"), FINGERPRINTS)
def test_fingerprints(size, value):
    assert fingerprint64(bytes(97 + i % 26 for i in range(size))) == value


def test_siphash():
    """The values of the reference implementation for texts of 0, 8 and 15 bytes."""
    key = [0x0706050403020100, 0x0F0E0D0C0B0A0908]
    assert siphash(b"", key) == 0x726FDB47DD0E0E31
    assert siphash(bytes(range(8)), key) == 0x93F5F5799A932462
    assert siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5


@pytest.mark.parametrize("kind", ["list", "array", "generator", "pairs"])
def test_the_most_frequent_string_comes_first_then_the_last_in_order(kind):
    data = [["b", "a"], ["c", "a"], ["d", "b"]]
    given = {
        "list": data,
        "array": np.array(data),
        "generator": (np.array([row]) for row in data),
        "pairs": [(np.array([row]), None) for row in data],
    }[kind]
    layer = StringLookup(max_tokens=4)
    layer.adapt(given)
    assert layer.get_vocabulary() == ["[UNK]", "b", "a", "d"]
    assert layer.get_vocabulary(include_special_tokens=False) == ["b", "a", "d"]
    assert layer.vocabulary_size() == 4
    assert same(layer, [["a", "b", "zz"], ["c", "d", "a"]]).tolist() == [[2, 1, 0], [0, 3, 2]]


def test_masked_and_several_unknown_strings():
    layer = StringLookup(vocabulary=["a", "b"], mask_token="", num_oov_indices=2)
    assert layer.get_vocabulary() == ["", "[UNK]", "[UNK]", "a", "b"]
    found = layer(["", "a", "b", "x", "y", "z"]).tolist()
    assert found[:3] == [0, 3, 4]
    assert found[3:] == [1 + fingerprint64(s) % 2 for s in (b"x", b"y", b"z")]
    assert StringLookup(vocabulary=layer.get_vocabulary(), mask_token="", num_oov_indices=2)(
        ["b"]
    ).tolist() == [4]
    back = StringLookup(vocabulary=["a", "b"], mask_token="", invert=True)
    assert same(back, [[0, 1, 2], [3, 9, 2]]).tolist() == [["", "[UNK]", "a"], ["b", "[UNK]", "a"]]
    hot = StringLookup(vocabulary=["a", "b"], mask_token="", output_mode="multi_hot")
    np.testing.assert_array_equal(hot([["", "b", "x"]]), [[1, 0, 1]])


def test_tf_idf():
    data = [["a", "b", "b"], ["a", "c", "d"]]
    layer = StringLookup(output_mode="tf_idf")
    layer.adapt(data)
    names = layer.get_vocabulary()
    weight = {t: np.log(1 + 2 / (1 + n)) for t, n in zip("abcd", (2, 1, 1, 1), strict=True)}
    weight["[UNK]"] = np.mean(list(weight.values()))
    counts = {"b": 2, "[UNK]": 1, "d": 1}
    wanted = [counts.get(name, 0) * weight[name] for name in names]
    np.testing.assert_allclose(same(layer, [["b", "x", "d", "b"]]), [wanted], 1e-6)
    given = StringLookup(vocabulary=["a", "b"], idf_weights=[0.5, 1.5], output_mode="tf_idf")
    np.testing.assert_allclose(given([["a", "x", "x", "b"]]), [[2.0, 0.5, 1.5]])
    wide = StringLookup(
        5, vocabulary=["a"], idf_weights=[0.5], output_mode="tf_idf", pad_to_max_tokens=True
    )
    np.testing.assert_allclose(wide([["a", "a"]]), [[0, 1, 0, 0, 0]])


def test_integers():
    layer = IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=2)
    assert layer([[12, 1138, 42], [37, 1000, 36]]).tolist() == [[2, 4, 5], [1, 0, 3]]
    layer = IntegerLookup(mask_token=0)
    layer.adapt([[12, 1138, 42], [42, 1000, 0]])
    assert layer.get_vocabulary() == [0, -1, 42, 1138, 1000, 12]
    assert same(layer, [[42, 0, 7]]).tolist() == [[2, 0, 1]]
    assert IntegerLookup(vocabulary=[2**40 + 1])([2**40 + 1, 2**40]).tolist() == [1, 0]


def test_a_vocabulary_from_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Straße\nb\n", encoding="utf-8")
    assert StringLookup(vocabulary=str(path))(["b", "Straße".encode()]).tolist() == [2, 1]
    path.write_text("7\n9\n")
    assert IntegerLookup(vocabulary=path)([9, 7, 8]).tolist() == [2, 1, 0]


def test_texts():
    data = ["Foo, bar!", "bar\tBAZ  baz", "É-é"]
    layer = TextVectorization()
    layer.adapt(data)
    # Of ASCII only, letters become small.
    assert layer.get_vocabulary() == ["", "[UNK]", "baz", "bar", "Éé", "foo"]
    assert same(layer, data).tolist() == [[5, 3, 0], [3, 2, 2], [4, 0, 0]]
    assert layer(["", "(baz) x"]).tolist() == [[0, 0], [2, 1]]
    fixed = TextVectorization(vocabulary=["bar", "baz"], output_sequence_length=2)
    assert same(fixed, [["bar baz bar"], ["baz"]]).tolist() == [[2, 3], [3, 0]]
    counts = TextVectorization(vocabulary=["bar", "baz"], output_mode="count")
    np.testing.assert_array_equal(counts(["bar bar", "foo"]), [[0, 2, 0], [1, 0, 0]])


def test_n_grams_and_splits():
    pairs = TextVectorization(ngrams=2, standardize="lower")
    pairs.adapt(["A b, c"])
    assert set(pairs.get_vocabulary()[2:]) == {"a", "b,", "c", "a b,", "b, c"}
    only = TextVectorization(ngrams=(2,), vocabulary=["a b", "b c"])
    assert only(["a b c", "c"]).tolist() == [[2, 3], [0, 0]]
    letters = TextVectorization(split="character", standardize=None, vocabulary=["a", "B", " "])
    assert letters(["a B"]).tolist() == [[2, 4, 3]]
    words = TextVectorization(split=None, vocabulary=["a b", "c"])
    assert words([["a b", "C"], ["c", "d"]]).tolist() == [[2, 3], [3, 1]]
    own = TextVectorization(
        standardize=lambda x: np.char.replace(x, "x", "y"),
        split=lambda x: [text.split("-") for text in x],
        vocabulary=["y", "z"],
    )
    assert own(["x-z", "y"]).tolist() == [[2, 3], [2, 0]]


def test_texts_before_a_network():
    texts, y = np.array(["good", "bad", "very good", "very bad"]), [[1.0], [0.0], [1.0], [0.0]]
    layer = TextVectorization(output_mode="multi_hot")
    layer.adapt(texts)
    model = nnkit.Sequential([Dense(1)])
    model.compile(nnkit.optimizers.SGD(0.3), "mse")
    model.fit(layer(texts), y, epochs=200, verbose=0)
    np.testing.assert_allclose(model.predict(layer(texts), verbose=0), y, atol=0.05)


@pytest.mark.parametrize("layer", [IntegerLookup(vocabulary=[2**40]), Hashing(3)])
def test_numbers_that_a_model_would_cut_are_refused(layer):
    model = nnkit.Sequential([nnkit.Input((1,)), layer])
    assert model.predict([[7]], verbose=0).shape == (1, 1)
    model.compile("sgd", "mse")
    for act in (model.predict, lambda x, verbose: model.fit(x, x, verbose=verbose)):
        with pytest.raises(ValueError, match=r"numbers of 32 bits in a model, but .* has larger"):
            act(np.array([[2**40]]), verbose=0)
    assert layer([[2**40]]).shape == (1, 1)


def test_an_input_of_strings_is_explained():
    with pytest.raises(ValueError, match="apply StringLookup or TextVectorization to the data"):
        nnkit.Input((1,), dtype="string")


@pytest.mark.parametrize("layer", [StringLookup(vocabulary=["a"]), TextVectorization()])
def test_no_model_has_strings(layer):
    with pytest.raises(TypeError, match=r"apply it to the data first, x = layer\(x\)"):
        layer(nnkit.Input((1,)))
    with pytest.raises(TypeError, match="apply it to the data first"):
        nnkit.Sequential([nnkit.Input((1,)), layer])


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: CategoryEncoding(), "num_tokens must be given"),
        (lambda: CategoryEncoding(3)([[3]]), "numbers from 0 to 2, but x contains 3"),
        (lambda: CategoryEncoding(3)([[-1]]), "contains -1"),
        (lambda: CategoryEncoding(3)([[0.5]]), "has fractions"),
        (lambda: CategoryEncoding(3)([[1]], count_weights=[[1.0]]), "for output_mode='count'"),
        (lambda: CategoryEncoding(3, "count")([[1, 1]], count_weights=[[1.0]]), "input's shape"),
        (lambda: CategoryEncoding(3, sparse=True), "sparse=True asks for arrays"),
        (lambda: CategoryEncoding(3, "one"), "output_mode must be one of"),
        (lambda: Discretization(), "either bin_boundaries or num_bins"),
        (lambda: Discretization([1.0, 0.0]), "ascending order"),
        (lambda: Discretization(num_bins=2)([[1.0]]), "no boundaries yet"),
        (lambda: Discretization([1.0]).adapt([1.0]), "was given bin_boundaries"),
        (lambda: Discretization(num_bins=2).adapt([]), "no data to adapt to"),
        (lambda: Hashing(0), "num_bins must be"),
        (lambda: Hashing(2, salt=[1, 2, 3]), "or two of them"),
        (lambda: StringLookup()(["a"]), "has no vocabulary yet"),
        (lambda: StringLookup(vocabulary=["a", "a"]), "has 'a' more than once"),
        (lambda: StringLookup(vocabulary=[]), "vocabulary is empty"),
        (lambda: StringLookup(vocabulary=["a", ""], mask_token=""), "only be at its beginning"),
        (lambda: StringLookup(2, vocabulary=["a", "b"]), "max_tokens is 2"),
        (lambda: StringLookup(vocabulary=["a"], output_mode="tf_idf"), "needs idf_weights"),
        (lambda: StringLookup(vocabulary=["a"], invert=True, output_mode="count"), "invert=True"),
        (lambda: StringLookup(vocabulary=["a"]).adapt(["a"]), "was given a vocabulary"),
        (lambda: StringLookup(vocabulary=["a"])([1]), "must be strings"),
        (lambda: StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), "'b' is not in the"),
        (lambda: StringLookup().adapt([]), "no tokens to adapt to"),
        (lambda: IntegerLookup(vocabulary=[1])([0.5]), "has fractions"),
        (lambda: IntegerLookup(vocabulary=[1], salt=3), "salt is for oov_method"),
        (lambda: TextVectorization(split="words"), "split must be one of"),
        (lambda: TextVectorization(output_mode="count", output_sequence_length=3), "is for output"),
        (lambda: TextVectorization(vocabulary=["a"])([["a", "b"]]), r"shape \(batch,\)"),
    ],
)
def test_errors(act, message):
    with pytest.raises((TypeError, ValueError), match=message):
        act()
