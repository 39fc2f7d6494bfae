"""CIFAR-100: 60000 coloured images of 32 x 32 pixels, of a hundred kinds of things.

A. Krizhevsky, 2009, "Learning multiple layers of features from tiny images",
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from nnkit import checks
from nnkit.datasets.cifar import load
from nnkit.datasets.parts import Pair

__all__ = ["load_data"]

HASH = "sha256:85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode: str = "fine") -> tuple[Pair, Pair]:
    """Load CIFAR-100, as Keras does: 50000 images to train and 10000 to test.

    The archive ``cifar-100-python.tar.gz``, or the folder ``cifar-100-python`` from it, is looked
    for in the folder that the environment variable ``NNKIT_DATA_DIR`` names, then in
    ``nnkit.config.cache_dir() / "datasets"``; otherwise the archive is downloaded to that folder
    once (169 MB). No code in it is run.

    Parameters
    ----------
    label_mode : {"fine", "coarse"}
        Labels of the 100 classes, or of the 20 groups of them.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images, uint8 (50000, 32, 32, 3) and (10000, 32, 32, 3), or with the channels first if that
        is the default; labels, uint8 (50000, 1) and (10000, 1).

    Raises
    ------
    OSError
        The archive was not found and could not be downloaded, or the download is damaged.
    ValueError
        ``label_mode`` is neither, or what was found is not CIFAR-100.

    Examples
    --------
    >>> from nnkit.datasets import cifar100
    >>> (x_train, y_train), (x_test, y_test) = cifar100.load_data("coarse")  # doctest: +SKIP
    >>> x_train.shape, y_train.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (50000, 1))
    """
    checks.one_of("cifar100.load_data", "label_mode", label_mode, ("fine", "coarse"))
    archive, labels = "cifar-100-python.tar.gz", f"{label_mode}_labels"
    train, test = load("CIFAR-100", "cifar-100-python", archive, HASH, ["train", "test"], labels)
    return train, test
