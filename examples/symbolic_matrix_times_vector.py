"""Multiply a matrix by a vector symbolically: a first program.

python examples/symbolic_matrix_times_vector.py
"""

import numpy as np

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T


def main():
    """Run the example and return the product."""
    # Variables have a type and a name, but no value. Here: a matrix and a vector of float64.
    A = T.dmatrix("A")
    v = T.dvector("v")

    # Nothing is computed yet: w is a third variable, which refers to the operation that makes it.
    w = A.dot(v)
    print("w is", theano.printing.pprint(w))

    # A function takes values. It is compiled for the types of its inputs.
    multiply = theano.function(inputs=[A, v], outputs=w)

    product = multiply(np.array([[1, 2], [3, 4]]), np.array([5, 6]))
    print("For A = [[1 2] [3 4]] and v = [5 6] it is", product)
    return product


if __name__ == "__main__":
    main()
