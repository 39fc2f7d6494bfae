"""CIFAR-10: 60000 coloured images of 32 x 32 pixels, of ten kinds of things.

A. Krizhevsky, 2009, "Learning multiple layers of features from tiny images",
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import numpy as np

from nnkit.datasets.cifar import load
from nnkit.datasets.parts import Pair

__all__ = ["load_data"]

HASH = "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


def load_data() -> tuple[Pair, Pair]:
    """Load CIFAR-10, as Keras does: 50000 images to train and 10000 to test.

    The archive ``cifar-10-python.tar.gz``, or the folder ``cifar-10-batches-py`` from it, is looked
    for in the folder that the environment variable ``NNKIT_DATA_DIR`` names, then in
    ``nnkit.config.cache_dir() / "datasets"``; otherwise the archive is downloaded to that folder
    once (170 MB). No code in it is run.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images, uint8 (50000, 32, 32, 3) and (10000, 32, 32, 3), or with the channels first if that
        is the default; labels, uint8 (50000, 1) and (10000, 1), 0 to 9: airplane, automobile, bird,
        cat, deer, dog, frog, horse, ship, truck.

    Raises
    ------
    OSError
        The archive was not found and could not be downloaded, or the download is damaged.
    ValueError
        What was found is not CIFAR-10.

    Examples
    --------
    >>> from nnkit.datasets import cifar10
    >>> (x_train, y_train), (x_test, y_test) = cifar10.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (50000, 1))
    """
    batches = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    archive = "cifar-10-python.tar.gz"
    *train, test = load("CIFAR-10", "cifar-10-batches-py", archive, HASH, batches, "labels")
    x, y = zip(*train, strict=True)
    return (np.concatenate(x), np.concatenate(y)), test
