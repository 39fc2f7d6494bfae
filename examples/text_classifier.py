"""Classify short reviews, which this script generates, as positive or negative.

python examples/text_classifier.py --epochs 5
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Sequential
from nnkit.layers import GRU, Bidirectional, Dense, Embedding

THINGS = ["film", "plot", "acting", "music", "ending", "book", "story", "camera", "cast"]
GOOD = ["good", "great", "wonderful", "moving", "clever", "funny", "brilliant", "lovely"]
BAD = ["bad", "boring", "dreadful", "silly", "clumsy", "dull", "awful", "tedious"]
VERY = ["", "", "really ", "very ", "rather "]
LENGTH = 16  # The largest number of words in a review; shorter ones are padded with 0.


def make_review(rng):
    """A review, and whether it is positive, which its last clause decides; "not" negates it."""
    words = []
    for clause in range(rng.integers(1, 4)):
        praise, negated = rng.integers(2, size=2)
        word = rng.choice(GOOD if praise != negated else BAD)
        verb = "was not" if negated else "was"
        words += ["but"] if clause else []
        words += f"the {rng.choice(THINGS)} {verb} {rng.choice(VERY)}{word}".split()
    return words[-LENGTH:], praise


def main(epochs=5, batch_size=32, output_dir="."):
    """Run the example and return the fraction of new reviews that the network judges correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    rng = np.random.default_rng(0)

    # Every word gets a token id, from 1; short reviews are padded with 0.
    reviews, praise = zip(*(make_review(rng) for _ in range(6000)), strict=True)
    vocabulary = {word: i for i, word in enumerate(sorted({w for r in reviews for w in r}), 1)}
    x = np.zeros((len(reviews), LENGTH), np.int32)
    for row, review in zip(x, reviews, strict=True):
        row[: len(review)] = [vocabulary[word] for word in review]
    y = np.array(praise)
    x_train, x_test, y_train, y_test = x[:5000], x[5000:], y[:5000], y[5000:]
    print(f"{len(vocabulary)} words; for example: {' '.join(reviews[0])!r} is", end=" ")
    print("praise" if y[0] else "blame")

    # The embedding gives each word a learnt vector. With mask_zero, the layers that follow skip the
    # padding. Two GRUs read the words, one in each direction, because "not" comes before the word
    # that it negates.
    model = Sequential(
        [
            Input((LENGTH,)),
            Embedding(len(vocabulary) + 1, 16, mask_zero=True),
            Bidirectional(GRU(16)),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.summary()
    optimizer = nnkit.optimizers.Adam(0.005)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1)

    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Judges {accuracy:.1%} of {len(x_test)} new reviews correctly")
    for review, p in zip(
        reviews[5000:5004], model.predict(x_test[:4], verbose=0)[:, 0], strict=True
    ):
        print(f"  {p:4.0%} praise: {' '.join(review)}")
    model.save(output_dir / "text.h5")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Tell praise from blame in made-up reviews.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
