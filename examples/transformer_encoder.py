"""Find out whom a sentence, which this script generates, calls the winner: a transformer's encoder.

python examples/transformer_encoder.py --epochs 5
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Model
from nnkit.layers import (
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    Layer,
    LayerNormalization,
    MultiHeadAttention,
)

NAMES = ["anna", "bela", "carl", "dora"]
FILLERS = ["indeed", "today", "at", "last", "clearly", "they", "say"]
LENGTH = 12  # The largest number of words in a sentence; shorter ones are padded with 0.


def make_sentence(rng):
    """A sentence such as "today anna lost to carl", and the number of the one who won."""
    first, second = rng.permutation(len(NAMES))[:2]
    won = rng.integers(2)
    verb = ["beat"] if won else ["lost", "to"]
    words = [NAMES[first], *verb, NAMES[second]]
    for _ in range(rng.integers(LENGTH - len(words) + 1)):
        words.insert(rng.choice([0, len(words)]), rng.choice(FILLERS))
    return words, first if won else second


class AddPlaces(Layer):
    """Add a learnt vector for its place to each word: attention doesn't know the words' order."""

    supports_masking = True

    def build(self, input_shape):
        self.places = self.add_weight("places", input_shape[1:], "random_uniform")

    def call(self, x):
        return x + self.places


class EncoderBlock(Layer):
    """Attention among the words, then a network for each word; each is added to its input."""

    supports_masking = True

    def __init__(self, heads, hidden, rate=0.1, **options):
        super().__init__(**options)
        self.heads, self.hidden, self.rate = heads, hidden, rate

    def build(self, input_shape):
        width = input_shape[-1]
        self.attend = MultiHeadAttention(self.heads, width // self.heads)
        self.widen, self.narrow = Dense(self.hidden, activation="relu"), Dense(width)
        self.norms = [LayerNormalization(), LayerNormalization()]
        self.drop = Dropout(self.rate)

    def call(self, x, training=False):
        x = self.norms[0](x + self.drop(self.attend(x, x), training=training))
        return self.norms[1](x + self.drop(self.narrow(self.widen(x)), training=training))


def main(epochs=5, batch_size=32, output_dir="."):
    """Run the example and return the fraction of new sentences whose winner is found."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    rng = np.random.default_rng(0)

    sentences, winners = zip(*(make_sentence(rng) for _ in range(6000)), strict=True)
    vocabulary = {word: i for i, word in enumerate(sorted({w for s in sentences for w in s}), 1)}
    x = np.zeros((len(sentences), LENGTH), np.int32)
    for row, sentence in zip(x, sentences, strict=True):
        row[: len(sentence)] = [vocabulary[word] for word in sentence]
    y = np.array(winners)
    x_train, x_test, y_train, y_test = x[:5000], x[5000:], y[:5000], y[5000:]

    # The mask of the padding goes through the blocks: no word attends to padding, and the average
    # at the end leaves it out.
    words = Input((LENGTH,), name="words")
    encoded = Embedding(len(vocabulary) + 1, 32, mask_zero=True)(words)
    encoded = AddPlaces()(encoded)
    for _ in range(2):
        encoded = EncoderBlock(heads=4, hidden=64)(encoded)
    winner = Dense(len(NAMES), activation="softmax")(GlobalAveragePooling1D()(encoded))
    model = Model(words, winner, name="transformer_encoder")
    model.summary()
    optimizer = nnkit.optimizers.Adam(0.002)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1)

    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Finds the winner in {accuracy:.1%} of {len(x_test)} new sentences")
    guesses = model.predict(x_test[:4], verbose=0).argmax(axis=1)
    for sentence, guess in zip(sentences[5000:5004], guesses, strict=True):
        print(f"  {NAMES[guess]} won: {' '.join(sentence)}")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Find the winners in made-up sentences.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
