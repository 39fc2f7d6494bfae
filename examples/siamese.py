"""Learn whether two images show the same digit: one base maps both to points, near or far.

python examples/siamese.py --epochs 5
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Model, Sequential, ops
from nnkit.datasets import load_digits, mnist
from nnkit.layers import Dense, Dropout, Flatten, Rescaling

MARGIN = 1.0  # Images of different digits should be at least this far apart.


def make_pairs(images, digits, rng):
    """For each image one of the same digit, and one of another; 1 marks pairs of the same."""
    of_digit = [np.flatnonzero(digits == digit) for digit in range(10)]
    same = [rng.choice(of_digit[digit]) for digit in digits]
    other = [rng.choice(of_digit[(digit + rng.integers(1, 10)) % 10]) for digit in digits]
    left = np.concatenate([images, images])
    right = images[same + other]
    return [left, right], np.repeat([1.0, 0.0], len(images)).astype(np.float32)[:, None]


def contrastive_loss(same, distance):
    """Pairs of the same digit should be close, others beyond the margin (Hadsell et al., 2006)."""
    missing = ops.maximum(MARGIN - distance, 0)
    return ops.mean(same * distance**2 + (1 - same) * missing**2, axis=-1)


def main(epochs=5, batch_size=64, output_dir="."):
    """Run the example and return the fraction of pairs of test images that are told correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    (x_train, y_train), (x_test, y_test) = mnist.load_data() if mnist.find() else load_digits()
    pairs, same = make_pairs(x_train, y_train, rng)
    test_pairs, test_same = make_pairs(x_test, y_test, rng)
    order = rng.permutation(len(same))  # The pairs that validate are the last: of both kinds.
    pairs, same = [images[order] for images in pairs], same[order]

    # The base is called twice. Both uses have the same weights, and their gradients are added.
    base = Sequential(
        [
            Input((28, 28)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(128, activation="relu"),
            Dropout(0.1),
            Dense(128, activation="relu"),
            Dense(32),
        ],
        name="base",
    )
    left, right = Input((28, 28), name="left"), Input((28, 28), name="right")
    difference = base(left) - base(right)
    squares = ops.sum(difference**2, axis=1, keepdims=True)
    distance = ops.sqrt(squares + 1e-6)  # The slope of the root at 0 is infinite.
    model = Model([left, right], distance, name="siamese")
    model.summary()
    model.compile("adam", contrastive_loss)
    model.fit(pairs, same, batch_size=batch_size, epochs=epochs, validation_split=0.1)

    near = model.predict(test_pairs, verbose=0) < MARGIN / 2
    accuracy = float(np.mean(near == (test_same == 1)))
    print(f"Tells {accuracy:.2%} of the {len(near)} pairs of test images correctly")
    base.save(output_dir / "siamese_base.h5")  # It gives points for other uses.
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Tell whether two images show the same digit.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
