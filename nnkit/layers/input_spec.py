"""InputSpec: what the input of a layer must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnkit.layers.nodes import map_shapes

__all__ = ["InputSpec", "check_inputs"]


class InputSpec:
    """The shape that an input of a layer must have; a layer of your own sets ``input_spec``.

    Parameters
    ----------
    dtype : str, optional
        Kept only: layers cast their inputs.
    shape : tuple of (int or None), optional
        With the batch axis; None for any size.
    ndim, max_ndim, min_ndim : int, optional
        The number of axes, that of the batch included.
    axes : dict of int to int, optional
        Sizes of some axes.
    allow_last_axis_squeeze : bool
        Whether a last axis of size 1 may be missing or superfluous.
    name : str, optional
    optional : bool
        Kept only.

    Examples
    --------
    >>> import nnkit
    >>> layer = nnkit.layers.Identity()
    >>> layer.input_spec = nnkit.InputSpec(ndim=3)
    >>> layer(nnkit.Input((4,)))
    Traceback (most recent call last):
    ValueError: layer 'identity' takes inputs of 3 axes, got shape (None, 4)
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype, self.name, self.optional = dtype, name, optional
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze

    def wanted(self, shape: tuple[int | None, ...]) -> str | None:
        """What an input of a shape should be instead; None if it fits."""
        ways = [shape]
        if self.allow_last_axis_squeeze:
            ways += [(*shape, 1), *([shape[:-1]] if shape[-1:] == (1,) else [])]
        found = [self._wanted(way) for way in ways]
        return None if None in found else found[0]

    def _wanted(self, shape: tuple[int | None, ...]) -> str | None:
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"{self.ndim} axes"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"at most {self.max_ndim} axes"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"at least {self.min_ndim} axes"
        sizes = self.axes | dict(enumerate(self.shape or ()))
        for axis, size in sizes.items():
            if not -rank <= axis < rank:
                return f"axis {axis}"
            if None not in (size, shape[axis]) and shape[axis] != size:
                return f"size {size} in axis {axis}"
        return None

    def __repr__(self) -> str:
        given = {name: value for name, value in vars(self).items() if value}
        return f"InputSpec({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def check_inputs(owner: str, spec: Any, shapes: Any) -> None:
    """Refuse inputs of shapes that a layer doesn't take.

    Raises
    ------
    ValueError
    """
    found: list[Any] = []
    map_shapes(found.append, shapes)
    specs = list(spec) if isinstance(spec, (list, tuple)) else [spec]
    if len(specs) != len(found):
        raise ValueError(f"layer {owner!r} takes {len(specs)} inputs, got shapes {found}")
    for one, shape in zip(specs, found, strict=True):
        wanted = None if one is None else one.wanted(tuple(shape))
        if wanted is not None:
            raise ValueError(f"layer {owner!r} takes inputs of {wanted}, got shape {tuple(shape)}")
