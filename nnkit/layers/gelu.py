"""GELU: the Gaussian error linear unit."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.elementwise import Elementwise

__all__ = ["GELU"]


class GELU(Elementwise):
    """``x P(x)``, where P is the distribution function of the standard normal distribution.

    D. Hendrycks, K. Gimpel, 2016, "Gaussian error linear units (GELUs)".

    Parameters
    ----------
    approximate : bool
        Whether to compute ``x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2``.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError
        ``approximate`` is neither True nor False.

    Notes
    -----
    Output of the input's shape. P(x) = (1 + erf(x / sqrt(2))) / 2. Backward: dx = dy (P(x) +
    x exp(-x**2 / 2) / sqrt(2 pi)), or the gradient of the approximation.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.GELU()(np.array([[-1.0, 0.0, 100.0]])).round(4)
    array([[ -0.1587,   0.    , 100.    ]], dtype=float32)
    """

    def __init__(self, approximate: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.approximate = checks.flag("GELU", "approximate", approximate)
        self.function = "gelu_tanh" if self.approximate else "gelu"
