"""Learn to read 0 to 4 from many images, then 5 to 9 from a few, with the same base.

python examples/transfer_learning.py --epochs 5
"""

import argparse
from pathlib import Path

import nnkit
from nnkit import Input, Sequential
from nnkit.datasets import load_digits, mnist
from nnkit.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D, Rescaling

FEW = 20  # The number of training images of the second task.


def main(epochs=5, batch_size=64, output_dir="."):
    """Run the example and return the fraction of test images of 5 to 9 that are read correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = mnist.load_data() if mnist.find() else load_digits()
    x, x_test = x[..., None], x_test[..., None]

    # The first task: a base of convolutions, and a head that classifies the digits 0 to 4.
    base = Sequential(
        [
            Input((28, 28, 1)),
            Rescaling(1 / 255),
            Conv2D(16, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(32, 3, activation="relu"),
            BatchNormalization(momentum=0.9),
            MaxPooling2D(2),
            Flatten(),
        ],
        name="base",
    )
    first = Sequential([base, Dense(5, activation="softmax")])
    first.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    first.fit(x[y < 5], y[y < 5], batch_size=batch_size, epochs=epochs)

    # The second task has few images. The base is frozen: its filters detect strokes already, and
    # its normalisation uses moving averages over many images. Only the new head is trained.
    base.trainable = False
    few, labels = x[y >= 5][:FEW], y[y >= 5][:FEW] - 5
    second = Sequential([base, Dense(5, activation="softmax")])
    second.summary(show_trainable=True)
    second.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    second.fit(few, labels, batch_size=20, epochs=5 * epochs, verbose=0)

    # The same network from scratch, for comparison.
    scratch = Sequential.from_config(second.get_config())
    scratch.trainable = True
    scratch.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    scratch.fit(few, labels, batch_size=20, epochs=5 * epochs, verbose=0)

    tested = x_test[y_test >= 5], y_test[y_test >= 5] - 5
    accuracy, other = (
        model.evaluate(*tested, verbose=0, return_dict=True)["accuracy"]
        for model in (second, scratch)
    )
    print(f"From {FEW} images: {accuracy:.1%} with what was learnt before, {other:.1%} without")
    second.save(output_dir / "transfer.h5")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Learn a second task from few images.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
