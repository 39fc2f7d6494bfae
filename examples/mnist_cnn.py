"""Train a convolutional network to read handwritten digits: 99 % of MNIST in five epochs.

python examples/mnist_cnn.py --epochs 5 --output-dir .
"""

import argparse
from pathlib import Path

import nnkit
from nnkit import Input, Sequential
from nnkit.callbacks import ModelCheckpoint
from nnkit.datasets import load_digits, mnist
from nnkit.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling


def main(epochs=5, batch_size=64, output_dir="."):
    """Run the example and return the fraction of test images that the network reads correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)

    # All of MNIST if it is on this machine, otherwise the tenth of it that ships with nnkit. A
    # convolution needs an axis for channels; grey images have one channel.
    (x_train, y_train), (x_test, y_test) = mnist.load_data() if mnist.find() else load_digits()
    x_train, x_test = x_train[..., None], x_test[..., None]
    print(f"{len(x_train)} images to learn from, {len(x_test)} to test with")

    # Filters of 3 x 3 pixels detect strokes at any position. Pooling keeps the largest of 2 x 2
    # outputs, so the second layer's filters see a larger part of the image: corners, arcs. Dense
    # layers classify these features. Dropout keeps them from overfitting.
    model = Sequential(
        [
            Input((28, 28, 1)),
            Rescaling(1 / 255),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dropout(0.25),
            Dense(128, activation="relu"),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ]
    )
    model.summary()

    # The weights with the best validation accuracy are saved in a file.
    best = output_dir / "cnn.weights.h5"
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=0.1,
        callbacks=[
            ModelCheckpoint(
                best, monitor="val_accuracy", save_best_only=True, save_weights_only=True
            )
        ],
    )
    model.load_weights(best)

    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Reads {accuracy:.2%} of the test images correctly")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a convolutional network on digits.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
