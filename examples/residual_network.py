"""Train a small residual network: its blocks learn what to add to their input.

python examples/residual_network.py --epochs 5
"""

import argparse
from pathlib import Path

import nnkit
from nnkit import Input, Sequential
from nnkit.callbacks import ReduceLROnPlateau
from nnkit.datasets import load_digits, mnist
from nnkit.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Rescaling,
    Residual,
)


def block(filters, strides=1):
    """``relu(convolutions(x) + x)``; if the shape changes, a 1 x 1 convolution adapts x."""
    return Residual(
        [
            Conv2D(filters, 3, strides=strides, padding="same", use_bias=False),
            BatchNormalization(momentum=0.9),
            Activation("relu"),
            Conv2D(filters, 3, padding="same", use_bias=False),
            BatchNormalization(momentum=0.9),
        ],
        shortcut=Conv2D(filters, 1, strides=strides) if strides > 1 else None,
        activation="relu",
    )


def main(epochs=5, batch_size=64, output_dir="."):
    """Run the example and return the fraction of test images that the network reads correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = mnist.load_data() if mnist.find() else load_digits()
    x_train, x_test = x_train[..., None], x_test[..., None]

    # A deep network is hard to train because its gradient has to pass through all layers. The
    # shortcut of a block lets it pass unchanged (He et al., 2016). From stage to stage, the image
    # gets smaller and has more channels; at the end, each channel is averaged.
    model = Sequential(
        [
            Input((28, 28, 1)),
            Rescaling(1 / 255),
            Conv2D(8, 3, padding="same", activation="relu"),
            block(8),
            block(16, strides=2),
            block(32, strides=2),
            GlobalAveragePooling2D(),
            Dense(10, activation="softmax"),
        ]
    )
    model.summary()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=0.1,
        callbacks=[ReduceLROnPlateau(factor=0.3, patience=1)],
    )

    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Reads {accuracy:.2%} of the test images correctly")
    model.save(output_dir / "residual.h5")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a small residual network on digits.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
