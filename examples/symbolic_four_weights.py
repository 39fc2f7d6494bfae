"""Train the smallest network there is: four weights, one sample, ten steps.

python examples/symbolic_four_weights.py
"""

import argparse

import numpy as np

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T

RATE = 0.1


def main(iterations=10):
    """Run the example and return the outputs and the weights after each iteration."""
    x = T.dvector("x")
    target = T.dscalar("target")

    # The network is a weighted sum of the features. Its weights are shared variables.
    w = theano.shared(np.array([0.1, 0.25, 0.15, 0.3]), "w")
    y = (x * w).sum()

    # The error of the output, and its gradient by the weights.
    cost = T.sqr(target - y)
    (gradient,) = T.grad(cost, [w])

    # All updates are computed from the old values; the output is that before the update.
    train = theano.function(
        inputs=[x, target], outputs=y, updates=[(w, w - RATE * gradient)], name="train"
    )

    outputs, weights = [], []
    for _ in range(iterations):
        outputs.append(float(train([1.0, 1.0, 1.0, 1.0], 100.0)))
        weights.append(w.get_value())
        print(f"weights {weights[-1]}, output {outputs[-1]:.12g}")
    return np.array(outputs), np.array(weights)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train four weights.")
    parser.add_argument("--iterations", type=int, default=10)
    main(**vars(parser.parse_args()))
