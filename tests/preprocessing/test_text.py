import json
import pickle

import numpy as np
import pytest

from nnkit.preprocessing.text import (
    Tokenizer,
    hashing_trick,
    one_hot,
    text_to_word_sequence,
    tokenizer_from_json,
)

TEXTS = ["The cat sat on the mat.", "The dog, the log!", "Cats and dogs:\tsat"]


def fitted(**options):
    tokenizer = Tokenizer(**options)
    tokenizer.fit_on_texts(TEXTS)
    return tokenizer


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("The cat, (the) hat!", {}, ["the", "cat", "the", "hat"]),
        ("The cat", {"lower": False}, ["The", "cat"]),
        ("a1b1,c", {"split": "1", "filters": ","}, ["a", "b", "c"]),
        ("a, b", {"filters": ""}, ["a,", "b"]),
        ("a--b--,c", {"split": "--", "filters": ","}, ["a", "b", "c"]),
        (" \t\n", {}, []),
        ("Ärger, œuvre", {}, ["ärger", "œuvre"]),
    ],
)
def test_words(text, options, expected):
    assert text_to_word_sequence(text, **options) == expected


def test_numbers_go_by_frequency_then_by_order():
    tokenizer = fitted()
    words = ["the", "sat", "cat", "on", "mat", "dog", "log", "cats", "and", "dogs"]
    assert tokenizer.word_index == {word: i for i, word in enumerate(words, 1)}
    assert tokenizer.index_word == dict(enumerate(words, 1))
    assert dict(tokenizer.word_counts) == dict.fromkeys(words, 1) | {"the": 4, "sat": 2}
    assert dict(tokenizer.word_docs) == dict.fromkeys(words, 1) | {"the": 2, "sat": 2}
    assert tokenizer.index_docs[1] == 2
    assert tokenizer.document_count == 3
    tokenizer.fit_on_texts([["log", "log", "LOG"]])  # What came before counts; a list is words.
    assert tokenizer.word_index["log"] == 2
    assert tokenizer.index_docs[2] == 2
    assert tokenizer.document_count == 4


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, 4]),
        ({"num_words": 3}, [1]),
        ({"oov_token": "?"}, [2, 1, 5]),
        ({"oov_token": "?", "num_words": 3}, [2, 1, 1]),
        ({"nb_words": 5}, [1, 4]),
        ({"analyzer": str.split}, [3, 5]),
    ],
)
def test_unknown_words(options, expected):
    tokenizer = fitted(**options)
    assert tokenizer.texts_to_sequences(["the bird on"] * 2)[1] == expected


def test_the_token_for_unknown_words_is_1_even_if_a_text_has_it():
    tokenizer = Tokenizer(oov_token="cat")
    tokenizer.fit_on_texts(["a cat a dog"])
    assert tokenizer.word_index == {"cat": 1, "a": 2, "dog": 3}
    assert tokenizer.texts_to_sequences(["cow cat dog"]) == [[1, 1, 3]]


def test_characters():
    tokenizer = Tokenizer(char_level=True)
    tokenizer.fit_on_texts(["aBb", "b c"])
    assert tokenizer.word_index == {"b": 1, "a": 2, " ": 3, "c": 4}
    assert tokenizer.texts_to_sequences(["CAB"]) == [[4, 2, 1]]
    assert tokenizer.sequences_to_texts([[4, 2, 1]]) == ["c a b"]


def test_texts_of_numbers():
    tokenizer = fitted(oov_token="?", num_words=4)
    assert tokenizer.sequences_to_texts([[2, 3, 9, 99], []]) == ["the sat ? ?", ""]
    assert fitted().sequences_to_texts([[1, 99, 3]]) == ["the cat"]


def test_matrices():
    tokenizer = fitted(num_words=5)
    sequences = [[1, 1, 3, 7], [], [4]]
    n, docs = 3, {1: 2, 3: 1, 4: 1}

    def tfidf(i, count):
        return (1 + np.log(count)) * np.log(1 + n / (1 + docs[i]))

    expected = {
        "binary": [[0, 1, 0, 1, 0], [0] * 5, [0, 0, 0, 0, 1]],
        "count": [[0, 2, 0, 1, 0], [0] * 5, [0, 0, 0, 0, 1]],
        "freq": [[0, 0.5, 0, 0.25, 0], [0] * 5, [0, 0, 0, 0, 1]],
        "tfidf": [[0, tfidf(1, 2), 0, tfidf(3, 1), 0], [0] * 5, [0, 0, 0, 0, tfidf(4, 1)]],
    }
    for mode, matrix in expected.items():
        found = tokenizer.sequences_to_matrix(sequences, mode)
        np.testing.assert_allclose(found, matrix, rtol=1e-15)
        assert found.dtype == np.float64
    assert fitted().texts_to_matrix(["the dog"]).tolist() == [[0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0]]
    counted = Tokenizer(num_words=3)
    counted.fit_on_sequences([[1, 1, 2], [1]])
    found = counted.sequences_to_matrix([[1, 2]], "tfidf")
    np.testing.assert_allclose(found, [[0, np.log(1 + 2 / 3), np.log(2)]])


def test_json_and_pickle():
    tokenizer = fitted(num_words=5, oov_token="?", lower=False)
    tokenizer.fit_on_sequences([[1, 2]])
    text = tokenizer.to_json(indent=1)
    for again in (tokenizer_from_json(text), pickle.loads(pickle.dumps(tokenizer))):
        assert again.texts_to_sequences(TEXTS) == tokenizer.texts_to_sequences(TEXTS)
        found, expected = (t.texts_to_matrix(TEXTS, "tfidf") for t in (again, tokenizer))
        np.testing.assert_array_equal(found, expected)
        again.fit_on_texts(["new words"])
        assert "new" in again.word_index
    for text in ("{}", "[1]", '{"config": {"word_counts": "[]"}}', "text"):
        with pytest.raises(ValueError, match="this is no tokenizer's JSON"):
            tokenizer_from_json(text)
    config = json.loads(tokenizer.to_json())["config"] | {"num_wrods": 1}
    with pytest.raises(ValueError, match="num_wrods"):
        tokenizer_from_json(json.dumps({"config": config}))
    with pytest.raises(ValueError, match="its analyzer is code"):
        Tokenizer(analyzer=str.split).to_json()


def test_hashes():
    assert hashing_trick("a b a", 9, "md5") == [2, 8, 2]
    assert hashing_trick("a b", 5, len) == [2, 2]
    assert hashing_trick("ab", 9, lambda c: ord(c), analyzer=list) == [2, 3]
    first, second, third = one_hot("a b a", 1 << 20)
    assert first == third != second


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: Tokenizer(num_words=-1), "num_words must be a whole number from 1"),
        (lambda: Tokenizer(split=""), "split must be a character or more"),
        (lambda: Tokenizer(num_word=1), "did you mean 'num_words'|no argument 'num_word'"),
        (lambda: Tokenizer().fit_on_texts("one text"), "must be a list of texts, got 'one text'"),
        (lambda: Tokenizer().fit_on_texts([1]), "a text must be a str or a list of them, got 1"),
        (lambda: Tokenizer().fit_on_texts([["a", 1]]), "a text must be a str or a list"),
        (lambda: Tokenizer().fit_on_texts(["", " !"]), "no word in texts"),
        (lambda: Tokenizer().texts_to_sequences(["a"]), "call fit_on_texts first"),
        (lambda: Tokenizer().sequences_to_matrix([[1]]), "give num_words, or call fit_on_texts"),
        (lambda: Tokenizer(9).sequences_to_matrix([[1]], "tfidf"), "needs texts"),
        (lambda: Tokenizer(9).sequences_to_matrix([[1]], "counts"), "did you mean 'count'"),
        (lambda: Tokenizer(9).sequences_to_matrix([[-1]]), "whole numbers from 0 on"),
        (lambda: Tokenizer(9).sequences_to_matrix([[0.5]]), "whole numbers from 0 on"),
        (lambda: hashing_trick("a", 1), "n must be a whole number from 2"),
        (lambda: hashing_trick("a", 9, "sha"), "hash_function must be one of md5"),
        (lambda: text_to_word_sequence(["a"]), "input_text must be a str"),
    ],
)
def test_errors(wrong, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        wrong()


def test_a_vocabulary_that_is_too_large():
    with pytest.raises(MemoryError, match="give a smaller num_words"):
        Tokenizer(2**31).sequences_to_matrix([[1]] * 1000)
