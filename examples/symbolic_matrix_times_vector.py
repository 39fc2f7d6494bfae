"""Multiply a matrix by a vector, symbolically: the first program that one writes.

python examples/symbolic_matrix_times_vector.py
"""

import numpy as np

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T


def main():
    """Run the example; returns the product."""
    # Variables have a type and a name, but no value. Here: a matrix and a vector of float64.
    A = T.dmatrix("A")
    v = T.dvector("v")

    # Nothing is multiplied here. w is a third variable, which knows how it is made of the others.
    w = A.dot(v)
    print("w is", theano.printing.pprint(w))

    # A function is where values come in. It is compiled for the types of its inputs.
    multiply = theano.function(inputs=[A, v], outputs=w)

    product = multiply(np.array([[1, 2], [3, 4]]), np.array([5, 6]))
    print("For A = [[1 2] [3 4]] and v = [5 6] it is", product)
    return product


if __name__ == "__main__":
    main()
