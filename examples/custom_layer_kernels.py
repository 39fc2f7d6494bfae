"""Write a custom layer with compiled loops: the whole training step then runs natively.

python examples/custom_layer_kernels.py --epochs 5

The layer is that of examples/custom_layer_numpy.py: y = x sigmoid(beta x), with a beta for every
unit that is learnt.
"""

import argparse
import math
from pathlib import Path

import numpy as np

import nnkit
from nnkit.datasets import load_digits
from nnkit.layers import Dense, Flatten, Rescaling, Softmax
from nnkit.testing import check_layer

# Three kernels: plain loops, inputs first, outputs last. They check nothing and allocate nothing.
# In a kernel, a literal is float64; x.dtype.type(1) keeps float32 computations in float32.


# split: rows of x and y may be divided among threads, because no row depends on another.
@nnkit.kernel(outputs=["y"], split=["x", "y"])
def swish(x, beta, y):
    """y = x sigmoid(beta x); x, y (rows, units), beta (units,)."""
    one = x.dtype.type(1)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = x[i, j] / (one + math.exp(-beta[j] * x[i, j]))


@nnkit.kernel(outputs=["dx"], split=["dy", "x", "dx"])
def swish_backward(dy, x, beta, dx):
    """dx = dy (s + beta x s (1 - s)), where s = sigmoid(beta x)."""
    one = x.dtype.type(1)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            s = one / (one + math.exp(-beta[j] * x[i, j]))
            dx[i, j] = dy[i, j] * (s + beta[j] * x[i, j] * s * (one - s))


# This kernel sums over rows, so rows can't be divided among threads, but units can. A thread gets a
# range of dbeta, and in "first" the index of the first unit of that range.
@nnkit.kernel(outputs=["dbeta"], split=["dbeta"])
def swish_backward_beta(dy, x, beta, first, dbeta):
    """dbeta[j] = the sum over i of dy x^2 s (1 - s) in [i, first + j]."""
    one = x.dtype.type(1)
    for j in range(dbeta.size):
        dbeta[j] = 0
    for i in range(x.shape[0]):
        for j in range(dbeta.size):
            value = x[i, first + j]
            s = one / (one + math.exp(-beta[first + j] * value))
            dbeta[j] += dy[i, first + j] * value * value * s * (one - s)


@nnkit.saving.register
class KernelSwish(nnkit.layers.Layer):
    """y = x sigmoid(beta x) for inputs (batch, units), with a trainable beta for every unit."""

    # A promise: forward and backward only launch kernels, and every result is in memory from
    # self.empty. The first two training steps check it.
    recordable = True

    def build(self, input_shape):
        self.beta = self.add_weight("beta", input_shape[1:], "ones")

    def forward(self, x, training=False):
        self.x = x
        y = self.empty(x.shape)
        swish(x, self.beta.value, y)
        return y

    def backward(self, dy):
        swish_backward_beta(dy, self.x, self.beta.value, 0, self.beta.gradient)
        dx = self.empty(dy.shape)
        swish_backward(dy, self.x, self.beta.value, dx)
        return dx


def main(epochs=5, output_dir="."):
    """Run the example and return the fraction of test images that the network reads correctly."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)

    # A kernel is a function of arrays: compare it with NumPy first.
    x = np.linspace(-4, 4, 15, dtype=np.float32).reshape(3, 5)
    beta, y = np.arange(5, dtype=np.float32), np.empty_like(x)
    swish(x, beta, y)
    np.testing.assert_allclose(y, x / (1 + np.exp(-beta * x)), rtol=1e-6)

    # check_layer compares gradients with finite differences, and replayed training steps with steps
    # in Python, and rebuilds the layer from its configuration.
    check_layer(KernelSwish(), (5,))
    print("KernelSwish passes check_layer")

    (x_train, y_train), (x_test, y_test) = load_digits()
    model = nnkit.Sequential(
        [
            nnkit.Input((28, 28)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(64),
            KernelSwish(),
            Dense(10),
            Softmax(),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs)
    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Reads {accuracy:.1%} of the test images correctly")

    path = output_dir / "kernel_swish.h5"
    model.save(path)
    loaded = nnkit.load_model(path)
    if not np.array_equal(loaded.predict(x_test), model.predict(x_test)):
        raise RuntimeError("the loaded model predicts something else than the saved one")
    print(f"Saved to {path}; loaded, it predicts exactly the same")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a network with kernels of one's own.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
