"""Data sets to learn from and to test with.

:func:`load_digits` ships with nnkit. The others are Keras's, each with its ``load_data``, and are
downloaded when they are asked for: :mod:`~nnkit.datasets.mnist`,
:mod:`~nnkit.datasets.fashion_mnist`, :mod:`~nnkit.datasets.cifar10`,
:mod:`~nnkit.datasets.cifar100`, :mod:`~nnkit.datasets.imdb`, :mod:`~nnkit.datasets.reuters`,
:mod:`~nnkit.datasets.boston_housing` and :mod:`~nnkit.datasets.california_housing`.
"""

from typing import TYPE_CHECKING

from nnkit.missing import missing

if TYPE_CHECKING:
    from nnkit.datasets import (
        boston_housing,
        california_housing,
        cifar10,
        cifar100,
        fashion_mnist,
        imdb,
        mnist,
        reuters,
    )
    from nnkit.datasets.mnist import load_digits

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "load_digits",
    "mnist",
    "reuters",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
