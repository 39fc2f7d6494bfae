"""Settings of symbolic programs: ``nnkit.symbolic.config.floatX``."""

from __future__ import annotations

__all__ = ["Config", "config"]


class Config:
    """The settings.

    Attributes
    ----------
    floatX : {"float64", "float32"}
        Data type of ``T.matrix()`` and its like.
    mode : {"FAST_RUN", "FAST_COMPILE", "DebugMode"}
        How :func:`nnkit.symbolic.function` compiles by default.
    """

    def __init__(self) -> None:
        self._float = "float64"
        self.mode = "FAST_RUN"

    @property
    def floatX(self) -> str:
        """Data type of variables that don't say."""
        return self._float

    @floatX.setter
    def floatX(self, dtype: str) -> None:
        if dtype not in ("float32", "float64"):
            raise ValueError(f"config.floatX is 'float32' or 'float64', not {dtype!r}")
        self._float = dtype


config = Config()
