"""Make nnkit/datasets/digits.npz, the tenth of MNIST that ships with nnkit.

    python tools/make_digits.py PATH/TO/mnist.npz [--output nnkit/datasets/digits.npz]

The same input always gives the same file: 600 training and 100 test images of each digit, drawn
from MNIST's training and test images, in random order.
"""

import argparse
from pathlib import Path

import numpy as np

SHIPPED = Path(__file__).parents[1] / "nnkit" / "datasets" / "digits.npz"


def sample(labels, per_class, random):
    """Indices of `per_class` labels of each class, shuffled."""
    chosen = [
        random.choice(np.flatnonzero(labels == label), per_class, replace=False)
        for label in range(10)
    ]
    return random.permutation(np.concatenate(chosen))


def make_digits(source, target):
    """Write the subset of the .npz file `source` to `target`."""
    random = np.random.RandomState(0)  # Its numbers never change between versions of NumPy.
    with np.load(source, allow_pickle=False) as mnist:
        train = sample(mnist["y_train"], 600, random)
        test = sample(mnist["y_test"], 100, random)
        np.savez_compressed(
            target,
            x_train=mnist["x_train"][train],
            y_train=mnist["y_train"][train],
            x_test=mnist["x_test"][test],
            y_test=mnist["y_test"][test],
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the tenth of MNIST that ships with nnkit.")
    parser.add_argument("source", type=Path, help="Keras's mnist.npz")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    make_digits(arguments.source, arguments.output)
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")
