"""Small helpers, with Keras's names."""

from nnkit.utils.numerical import to_categorical
from nnkit.utils.plotting import plot_model
from nnkit.utils.py_dataset import PyDataset, Sequence
from nnkit.utils.random import set_random_seed

__all__ = ["PyDataset", "Sequence", "plot_model", "set_random_seed", "to_categorical"]
