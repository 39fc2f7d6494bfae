"""Write a custom layer in NumPy, check it, train with it, save it and load it again.

python examples/custom_layer_numpy.py --epochs 5

The layer is Swish (P. Ramachandran, B. Zoph, Q. V. Le, 2017), y = x sigmoid(beta x), with a beta
for every unit that is learnt. examples/custom_layer_kernels.py has the same layer as loops.
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit.datasets import load_digits
from nnkit.layers import Dense, Flatten, Rescaling, Softmax
from nnkit.testing import check_layer


# Registered, so that a model's file can refer to it by name. The file doesn't contain its code.
@nnkit.saving.register
class Swish(nnkit.layers.Layer):
    """y = x sigmoid(beta x), with a trainable beta for every unit."""

    def build(self, input_shape):
        # The shape of the input is known only now; its first entry, the batch size, is None.
        self.beta = self.add_weight("beta", input_shape[1:], "ones")

    def forward(self, x, training=False):
        # Keep the input and the sigmoid (computed by tanh, which can't overflow) for backward.
        self.x = x
        self.s = 0.5 + 0.5 * np.tanh(0.5 * self.beta.value * x)
        return x * self.s

    def backward(self, dy):
        # ds is the derivative of the sigmoid. The gradient is overwritten, not added to.
        ds = self.s * (1 - self.s)
        self.beta.gradient[...] = (dy * self.x**2 * ds).sum(axis=0)
        return dy * (self.s + self.beta.value * self.x * ds)


def main(epochs=5, output_dir="."):
    """Run the example and return the fraction of test images that the network reads correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)

    # check_layer compares gradients with finite differences, and replayed training steps with steps
    # in Python, and rebuilds the layer from its configuration.
    check_layer(Swish(), (5,))
    print("Swish passes check_layer")

    # It can be used like any other layer. In a step, its methods run in Python, the rest natively.
    (x_train, y_train), (x_test, y_test) = load_digits()
    model = nnkit.Sequential(
        [
            nnkit.Input((28, 28)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(64),
            Swish(),
            Dense(10),
            Softmax(),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs)
    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Reads {accuracy:.1%} of the test images correctly")

    # The layer has learnt a beta for each unit; the initial values were 1.
    (beta,) = model.get_layer("swish").get_weights()
    print(f"beta is now from {beta.min():.2f} to {beta.max():.2f}")

    # The loaded model predicts the same. A program that loads the file must register Swish, too, or
    # pass it: load_model(path, custom_objects={"Swish": Swish}).
    path = output_dir / "swish.h5"
    model.save(path)
    loaded = nnkit.load_model(path)
    if not np.array_equal(loaded.predict(x_test), model.predict(x_test)):
        raise RuntimeError("the loaded model predicts something else than the saved one")
    print(f"Saved to {path}; loaded, it predicts exactly the same")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a network with a layer of one's own.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
