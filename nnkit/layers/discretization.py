"""Discretization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.layers.adapting import batches_of
from nnkit.layers.encoder import Encoder, no_sparse

__all__ = ["Discretization"]


class Discretization(Encoder):
    """Turn numbers into those of the bins that they are in.

    Parameters
    ----------
    bin_boundaries : sequence of float, optional
        Where bins end, in ascending order: ``[0., 1., 2.]`` are four bins, below 0, from 0 to below
        1, from 1 to below 2, and from 2 on.
    num_bins : int, optional
        In place of them, the number of bins that :meth:`adapt` makes, with about as many numbers
        in each.
    epsilon : float
        How precisely :meth:`adapt` knows the share of numbers below a boundary, from 0 to below 1:
        it keeps 1 / epsilon numbers.
    output_mode : {"int", "one_hot", "multi_hot", "count"}
        ``"int"`` gives numbers of bins; for the others see :class:`CategoryEncoding`.
    sparse : bool
        False; there are no sparse arrays.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    bin_boundaries : list of float or None
        What was given or found; part of the configuration, and so of files.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or both or neither of ``bin_boundaries`` and
        ``num_bins`` are given; or, in a call, there are no boundaries yet.

    Notes
    -----
    In a model the layer runs in NumPy, and numbers of bins are floats; the gradient is 0.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> x = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]])
    >>> nnkit.layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0])(x)
    array([[0, 2, 3, 1],
           [1, 3, 2, 1]], dtype=int32)
    >>> layer = nnkit.layers.Discretization(num_bins=4, epsilon=0.01)
    >>> layer.adapt(x)
    >>> layer(x)
    array([[0, 2, 3, 2],
           [1, 3, 3, 1]], dtype=int32)
    """

    whole = False
    int_dtype = np.int32

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(output_mode, ("int", "one_hot", "multi_hot", "count"), **options)
        owner = "Discretization"
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"{owner}: give either bin_boundaries or num_bins, got {bin_boundaries!r} and "
                f"{num_bins!r}"
            )
        self.num_bins = None if num_bins is None else checks.integer(owner, "num_bins", num_bins)
        self.epsilon = checks.number(owner, "epsilon", epsilon, "(0, 1)")
        no_sparse(owner, "sparse", sparse)
        self.bin_boundaries = None if bin_boundaries is None else _checked(bin_boundaries)

    @property
    def depth(self) -> int:
        """The number of bins."""
        if self.bin_boundaries is None:
            return self.num_bins or 0
        return len(self.bin_boundaries) + 1

    def indices(self, x: np.ndarray) -> np.ndarray:
        """The number of each bin."""
        if self.bin_boundaries is None:
            raise ValueError(
                f"layer {self.name!r} (Discretization) has no boundaries yet: call adapt(data), or "
                "give bin_boundaries"
            )
        return np.digitize(x.astype(self.dtype), np.array(self.bin_boundaries, self.dtype))

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries between which there are equally many numbers; forget earlier ones.

        Parameters
        ----------
        data : array, or iterable of arrays
            Numbers, or batches of these. Of batches that are tuples, the first item counts.
        steps : int, optional
            How many batches to take; all by default.

        Raises
        ------
        TypeError, ValueError
            ``bin_boundaries`` were given to the layer; or there are no data.
        """
        if self.num_bins is None:
            raise ValueError(
                f"layer {self.name!r} (Discretization) was given bin_boundaries, so it doesn't "
                "adapt to data; give num_bins"
            )
        known = np.zeros((2, 0), np.float32)  # Numbers, and how many each stands for.
        for batch in batches_of(self.name, data, steps):
            values = np.sort(batch.astype(np.float32).reshape(-1))
            step = max(values.size * self.epsilon, 1)
            chosen = values[int(step - 1) :: int(step)]
            both = np.concatenate([[chosen, np.full(chosen.shape, step)], known], axis=1)
            both = both.astype(np.float32)
            known = _fewer(both[:, np.argsort(both[0])], self.epsilon)
        if not known.size:
            raise ValueError(f"layer {self.name!r} (Discretization): there are no data to adapt to")
        self.bin_boundaries = _fewer(known, 1 / self.num_bins)[0, :-1].tolist()
        self._drop_graphs()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, and the boundaries that were found."""
        return super().get_config() | {"bin_boundaries": self.bin_boundaries}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from what :meth:`get_config` returned."""
        found = config.get("bin_boundaries")
        if found is None or config.get("num_bins") is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = _checked(found)
        return layer


def _checked(boundaries: Any) -> list[float]:
    found = to_numpy(boundaries, "Discretization: bin_boundaries")
    if found.ndim != 1 or not (found[1:] >= found[:-1]).all():
        raise ValueError(
            f"Discretization: bin_boundaries are numbers in ascending order, got {boundaries!r}"
        )
    return [float(value) for value in found]


def _fewer(known: np.ndarray, share: float) -> np.ndarray:
    """Numbers below which there are multiples of a share of all, by linear interpolation."""
    if known.shape[1] * share < 1:
        return known
    sums = known[1].cumsum()
    wanted, shares = share + np.arange(0.0, 1.0, share), sums / sums[-1]
    kept = np.interp(wanted, shares, sums)
    values = np.interp(wanted, shares, known[0])
    return np.stack([values, np.diff(kept, prepend=0)]).astype(np.float32)
