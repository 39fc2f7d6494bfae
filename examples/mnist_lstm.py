"""Read handwritten digits line by line, as one reads a page, with an LSTM.

python examples/mnist_lstm.py --epochs 5
"""

import argparse
from pathlib import Path

import nnkit
from nnkit import Input, Sequential
from nnkit.datasets import load_digits, mnist
from nnkit.layers import LSTM, Dense, Rescaling


def main(epochs=5, batch_size=64, output_dir="."):
    """Run the example and return the fraction of test images that the network reads correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = mnist.load_data() if mnist.find() else load_digits()

    # An image is a sequence of 28 timesteps, its lines from top to bottom, with 28 features each.
    # The LSTM reads one line at a time. Its state summarises the lines above, and its gates learn
    # what to keep. The next layer gets the last output only.
    model = Sequential(
        [
            Input((28, 28)),
            Rescaling(1 / 255),
            LSTM(128),
            Dense(10, activation="softmax"),
        ]
    )
    model.summary()

    # Backpropagation through 28 timesteps multiplies many derivatives, so the gradient's norm is
    # clipped.
    optimizer = nnkit.optimizers.Adam(0.002, global_clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1)

    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Reads {accuracy:.2%} of the test images correctly")
    model.save(output_dir / "lstm.h5")
    print(f"Saved to {output_dir / 'lstm.h5'}")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Read digits line by line with an LSTM.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
