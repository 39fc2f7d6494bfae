"""Find the minimum of x**2 + x + 1 by gradient descent in four lines, without a network.

python examples/symbolic_minimise.py
"""

import argparse

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T

RATE = 0.3


def main(steps=25):
    """Run the example and return x after all steps."""
    # A shared variable has a value that is kept from one call of a function to the next.
    x = theano.shared(20.0, "x")
    cost = x**2 + x + 1

    # The gradient is derived from the expression: 2 x + 1. It is an expression, too.
    gradient = T.grad(cost, x)

    # The function has no arguments, because x is shared. It returns the cost, and then updates x.
    train = theano.function(inputs=[], outputs=cost, updates=[(x, x - RATE * gradient)])

    for step in range(steps):
        print(f"{step:2}: cost {train():.6f}")
    print(f"The minimum is at x = {x.get_value():.6f}")
    return float(x.get_value())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Find the minimum of x**2 + x + 1.")
    parser.add_argument("--steps", type=int, default=25)
    main(**vars(parser.parse_args()))
