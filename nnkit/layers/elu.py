"""ELU: the exponential linear unit."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.elementwise import Elementwise

__all__ = ["ELU"]


class ELU(Elementwise):
    """``x`` where x > 0, else ``alpha (exp(x) - 1)``.

    D.-A. Clevert et al., 2015, "Fast and accurate deep network learning by exponential linear
    units (ELUs)".

    Parameters
    ----------
    alpha : float
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``alpha`` is not a finite number.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy where x > 0, else alpha e^x dy.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.ELU()(np.array([[-100.0, 0.0, 2.0]]))
    array([[-1.,  0.,  2.]], dtype=float32)
    """

    function = "elu"
    numbers = ("alpha", 1.0)  # 1 is the scale of SELU.

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = checks.number("ELU", "alpha", alpha)
