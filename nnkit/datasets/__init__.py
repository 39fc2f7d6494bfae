"""Data sets to learn and test with.

:func:`load_digits` ships with nnkit; :func:`nnkit.datasets.mnist.load_data` fetches all of MNIST.
"""

from nnkit.datasets import mnist
from nnkit.datasets.mnist import load_digits

__all__ = ["load_digits", "mnist"]
