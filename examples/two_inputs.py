"""Read a digit from its image and from a table with a few facts about it.

python examples/two_inputs.py --epochs 5
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Model
from nnkit.datasets import load_digits, mnist
from nnkit.layers import Concatenate, Conv2D, Dense, Flatten, MaxPooling2D, Rescaling


def hide_half(images):
    """The images without their lower half, which the table has to make up for."""
    hidden = images.copy()
    hidden[:, images.shape[1] // 2 :] = 0
    return hidden


def facts(images):
    """Per image, the ink in each third of the lower half's rows and columns, in [0, 1]."""
    lower = images[:, images.shape[1] // 2 :] / 255
    rows = [part.mean(axis=(1, 2)) for part in np.array_split(lower, 3, axis=1)]
    columns = [part.mean(axis=(1, 2)) for part in np.array_split(lower, 3, axis=2)]
    return np.stack(rows + columns, axis=1).astype(np.float32)


def main(epochs=5, batch_size=32, output_dir="."):
    """Run the example and return the fraction of test digits that the network reads correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = mnist.load_data() if mnist.find() else load_digits()

    # Inputs have names, and data is given by these names.
    train = {"image": hide_half(x_train)[..., None], "table": facts(x_train)}
    test = {"image": hide_half(x_test)[..., None], "table": facts(x_test)}

    # Each input is read by layers that suit it; what they find is joined.
    image = Input((28, 28, 1), name="image")
    table = Input((train["table"].shape[1],), name="table")
    seen = Rescaling(1 / 255)(image)
    seen = MaxPooling2D(2)(Conv2D(16, 3, activation="relu")(seen))
    seen = MaxPooling2D(2)(Conv2D(32, 3, activation="relu")(seen))
    seen = Flatten()(seen)
    known = Dense(32, activation="relu")(table)
    joined = Dense(64, activation="relu")(Concatenate()([seen, known]))
    model = Model([image, table], Dense(10, activation="softmax")(joined), name="two_inputs")
    model.summary()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1)

    accuracy = model.evaluate(test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Reads {accuracy:.2%} of the test digits correctly")
    model.save(output_dir / "two_inputs.h5")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Read digits from half an image and a table.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
