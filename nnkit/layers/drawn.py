"""Random numbers among expressions: drawn anew in every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks, config
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.nodes import Placeholder
from nnkit.layers.random_layer import RandomLayer
from nnkit.layers.tracing import Trace, current_trace
from nnkit.registry import lookup
from nnkit.utils.random import next_seed

__all__ = ["Drawn", "drop", "standard_normal"]

_BETWEEN = 0x9E3779B97F4A7C15  # From the key of a draw to that of the next.


class Drawn(RandomLayer):
    """Draw standard normal numbers, in inference as well as in training.

    Parameters
    ----------
    sizes : sequence of (int or pair of int)
        Of each axis; a pair (i, k) stands for the size of axis k of input i.
    any_batch : bool
        Whether the first size, a number, is that of the batch, which is unknown so far.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Input: a list of arrays, whose values don't matter. There is no gradient.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> noise = nnkit.layers.Lambda(lambda x: x + nnkit.backend.random_normal((2, 3)))
    >>> noise(np.zeros((2, 3))).shape
    (2, 3)
    """

    takes_list = True
    trusted = True
    draws_always = True

    def __init__(
        self,
        sizes: Sequence[Any],
        any_batch: bool = False,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, **options)
        self.sizes = [tuple(n) if isinstance(n, (list, tuple)) else n for n in sizes]
        self.any_batch = any_batch

    @property
    def input_dtype(self) -> None:
        """It takes arrays of any type."""

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The sizes, taken from the inputs' shapes where they are pairs."""
        shape = self._shape(input_shape)
        return (None, *shape[1:]) if self.any_batch else shape

    def _shape(self, shapes: Sequence[Shape]) -> Shape:
        return tuple(shapes[n[0]][n[1]] if isinstance(n, tuple) else n for n in self.sizes)

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:
        """Numbers of mean 0 and variance 1."""
        self.count = len(x)
        y = self.empty(self._shape([a.shape for a in x]))  # type: ignore[arg-type]
        zeros = self.empty((y.size,))
        launch.fill(0, zeros)
        launch.gaussian_noise(zeros, 1.0, self.key, self.counter, 0, y.reshape(-1))
        return y

    def backward(self, dy: np.ndarray) -> list[None]:
        """Nothing: what is drawn depends on no input."""
        return [None] * self.count


def standard_normal(
    owner: str, shape: Any, dtype: str | None = None, seed: int | None = None
) -> Any:
    """Standard normal numbers: a placeholder in a ``call``, or for sizes of placeholders.

    Parameters
    ----------
    owner : str
        The function's name, for errors.
    shape : sequence of int or placeholders
        Placeholders are sizes, as ``nnkit.ops.shape(x)[0]``.
    dtype : str, optional
    seed : int, optional

    Returns
    -------
    Placeholder or numpy.ndarray
        The placeholder stands for other numbers in every step.

    Raises
    ------
    TypeError, ValueError
        A size is computed in another way than by ``shape``.
    """
    if isinstance(shape, Placeholder) or not isinstance(shape, (list, tuple)):
        raise TypeError(f"{owner}: shape is a tuple of sizes, got {shape!r}")
    given = checks.seed(owner, seed)
    trace = current_trace()
    if trace is None and not any(isinstance(n, Placeholder) for n in shape):
        rng = np.random.Generator(np.random.PCG64(next_seed() if given is None else given))
        sizes = [checks.integer(owner, "shape", n, 0) for n in shape]
        return rng.standard_normal(sizes).astype(dtype or config.floatx())
    sizes, inputs = _sizes(owner, shape)
    if trace is not None:
        given = _key(trace, given)
    any_batch = trace is not None and not inputs and _is_batch(trace, sizes)
    layer = Drawn(
        sizes, any_batch, given, dtype=dtype or (trace.dtype if trace else config.floatx())
    )
    layer.made_in_call = trace is not None
    return layer(inputs) if inputs else layer.connected({"x": []}, None)


def drop(x: Placeholder, rate: float, noise_shape: Any, seed: int | None) -> Any:
    """Dropout of a placeholder, in inference as well as in training."""
    trace = current_trace()
    given = checks.seed("dropout", seed)
    given = given if trace is None else _key(trace, given)
    make: Any = lookup("layer", "Dropout")
    layer = make(rate, noise_shape, given, dtype=x.dtype)
    layer.made_in_call = trace is not None
    return layer(x, training=True)


def _sizes(owner: str, shape: Sequence[Any]) -> tuple[list[Any], list[Placeholder]]:
    """Sizes as numbers or pairs, and the placeholders that the pairs count."""
    inputs: list[Placeholder] = []
    sizes: list[Any] = []
    for n in shape:
        if not isinstance(n, Placeholder):
            sizes.append(checks.integer(owner, "shape", n, 0))
            continue
        node = n.node
        if node is None or getattr(node.layer, "function", None) != "axis_size":
            raise ValueError(
                f"{owner}: sizes are numbers, or sizes of arrays as shape(x)[0] gives them; {n!r} "
                "is computed from such"
            )
        x, axis = node.arguments["arguments"]
        at = next((i for i, p in enumerate(inputs) if p is x), len(inputs))
        if at == len(inputs):
            inputs.append(x)
        sizes.append((at, axis))
    return sizes, inputs


def _key(trace: Trace, given: int | None) -> int:
    """The key of the next draw in a ``call``: each has its own, the same in every trace."""
    trace.draws += 1
    layer: Layer | None = trace.layer
    if given is not None:
        return given
    if layer is None:
        return next_seed()
    return int((layer.draw_key + trace.draws * _BETWEEN) % 2**63)


def _is_batch(trace: Trace, sizes: Sequence[int]) -> bool:
    """Whether the first of some sizes stands for that of the batch, which a graph doesn't know."""
    inputs = trace.given
    if not sizes or not inputs or inputs[0].shape[:1] != (None,):
        return False
    built = getattr(trace.layer, "input_shape", None)
    first = built[0] if isinstance(built, list) and built else built
    known = isinstance(first, tuple) and bool(first) and first[0] == sizes[0]
    return known or any(p.shape[1:] == tuple(sizes[1:]) for p in inputs)
