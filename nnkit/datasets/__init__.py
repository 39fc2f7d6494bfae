"""Data sets to learn from and to test with.

:func:`load_digits` ships with nnkit; :func:`nnkit.datasets.mnist.load_data` downloads all of MNIST.
"""

from nnkit.datasets import mnist
from nnkit.datasets.mnist import load_digits

__all__ = ["load_digits", "mnist"]
