"""Train a network on handwritten digits with a custom training loop.

python examples/symbolic_mnist.py --epochs 20
"""

import argparse

import numpy as np

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.datasets import load_digits, mnist

HIDDEN, CLASSES = 100, 10
RATE, PENALTY = 0.001, 0.01  # The cost is a sum over the batch, so the rate is small.


def main(epochs=20, batch_size=500, print_period=10):
    """Run the example and return the fraction of test images that the network reads correctly."""
    (x_train, t_train), (x_test, labels) = data()
    inputs = x_train.shape[1]
    rng = np.random.default_rng(0)

    # Images and their classes, one row each, without values: even the number of rows is unknown.
    X = T.matrix("X")
    targets = T.matrix("T")

    # The parameters. Initial weights are small, so that tanh doesn't saturate, and random.
    W1 = theano.shared(rng.normal(size=(inputs, HIDDEN)) / np.sqrt(inputs), "W1")
    b1 = theano.shared(np.zeros(HIDDEN), "b1")
    W2 = theano.shared(rng.normal(size=(HIDDEN, CLASSES)) / np.sqrt(HIDDEN), "W2")
    b2 = theano.shared(np.zeros(CLASSES), "b2")
    parameters = [W1, b1, W2, b2]

    # The network, and its cost: a cross-entropy, and a penalty for large weights.
    hidden = T.tanh(X.dot(W1) + b1)
    probabilities = T.nnet.softmax(hidden.dot(W2) + b2)
    cost = -(targets * T.log(probabilities)).sum()
    cost += PENALTY * sum(T.sqr(p).sum() for p in parameters)
    prediction = T.argmax(probabilities, axis=1)

    # Two functions of one graph: one updates the weights, the other only reads them.
    updates = [(p, p - RATE * T.grad(cost, p)) for p in parameters]
    train = theano.function(inputs=[X, targets], updates=updates, name="train")
    get_prediction = theano.function(inputs=[X, targets], outputs=[cost, prediction])

    batches = len(x_train) // batch_size
    for epoch in range(epochs):
        for batch in range(batches):
            rows = slice(batch * batch_size, (batch + 1) * batch_size)
            train(x_train[rows], t_train[rows])
            if (epoch * batches + batch) % print_period == 0:
                test_cost, read = get_prediction(x_test, one_hot(labels))
                error = np.mean(read != labels)
                print(f"epoch {epoch}, batch {batch}: cost {test_cost:.3f}, errors {error:.1%}")

    _, read = get_prediction(x_test, one_hot(labels))
    accuracy = float(np.mean(read == labels))
    print(f"Reads {accuracy:.1%} of the test images correctly")
    return accuracy


def data():
    """Images as rows of numbers from 0 to 1, the classes of training one-hot, the test's as they
    are. All of MNIST if it is on this machine, otherwise the tenth of it that ships with nnkit."""
    (x_train, t_train), (x_test, labels) = mnist.load_data() if mnist.find() else load_digits()
    rows = [images.reshape(len(images), -1) / 255.0 for images in (x_train, x_test)]
    return (rows[0], one_hot(t_train)), (rows[1], labels)


def one_hot(labels):
    return np.eye(CLASSES)[labels]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a network by a loop of one's own.")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=500)
    parser.add_argument("--print-period", type=int, default=10)
    main(**vars(parser.parse_args()))
