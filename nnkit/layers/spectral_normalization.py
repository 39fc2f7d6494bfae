"""SpectralNormalization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.initializers import TruncatedNormal
from nnkit.layers.base import Shape
from nnkit.layers.inside import build_in_turn
from nnkit.layers.wrapper import Wrapper

__all__ = ["SpectralNormalization"]

_MOST = 1e20  # By what a vector is multiplied at most to have the length 1.
_TINY = 1e-16


class SpectralNormalization(Wrapper):
    """Divide a layer's kernel by its largest singular value, in each step of training.

    T. Miyato et al., 2018, "Spectral normalization for generative adversarial networks".

    Parameters
    ----------
    layer : Layer
        One with a ``kernel``, or with ``embeddings``.
    power_iterations : int
        How many steps of the power method come closer to that value, at least 1.
    **options
        Arguments of :class:`Layer`; ``dtype`` is by default the layer's.

    Attributes
    ----------
    layer : Layer
    vector_u : Variable
        (1, outputs), not trained by gradients: the estimate of the singular vector.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the layer has neither ``kernel`` nor
        ``embeddings``, or refuses the input's shape.

    Notes
    -----
    With the kernel W as a matrix of (inputs, outputs), a step in training begins with v = u W^T,
    u = v W, each divided by its length, and, as in Keras 3, W itself is replaced by W / sigma, with
    sigma = v W u^T: the gradient is that by the new W, and files have the new W. (On JAX, Keras
    drops it after the step.) A kernel of zeros is left as it is, and so is that of a frozen layer.
    Outside training, the layer is applied as it is.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.SpectralNormalization(nnkit.layers.Dense(2), power_iterations=50)
    >>> _ = layer(np.ones((1, 3)), training=True)
    >>> round(float(np.linalg.norm(layer.layer.kernel.value, 2)), 3)
    1.0
    """

    recordable = True

    def __init__(self, layer: Any, power_iterations: int = 1, **options: Any) -> None:
        super().__init__(layer, **options)
        self.power_iterations = checks.integer(
            "SpectralNormalization", "power_iterations", power_iterations
        )

    def build(self, input_shape: Shape) -> None:
        """Build the layer, and make the vector."""
        super().build(input_shape)
        if self.normalized is None:
            raise ValueError(
                f"layer {self.name!r} (SpectralNormalization) takes a layer with a kernel or "
                f"embeddings; {self.layer.name!r} ({type(self.layer).__name__}) has neither"
            )
        outputs = self.normalized.shape[-1]
        self.vector_u = self.add_weight(
            "vector_u", (1, outputs), TruncatedNormal(stddev=0.02), trainable=False
        )

    def ensure_built(self, input_shape: Shape) -> None:
        """Build once; later inputs must fit the layer's weights."""
        super().ensure_built(input_shape)
        build_in_turn(self.name, self.layers, input_shape)

    def fixed_sizes(self, shape: Shape) -> Any:
        """Those of the layer."""
        return self.layer.fixed_sizes(shape)

    @property
    def normalized(self) -> Any:
        """The weight that is normalised; None if the layer has no such one."""
        layer = self.layers[0]
        found = getattr(layer, "kernel", getattr(layer, "embeddings", None))
        return found if isinstance(found, Variable) else None

    @property
    def input_dtype(self) -> str | None:
        """The layer's."""
        return self.layer.input_dtype

    def check_values(self, x: Any, name: str) -> None:
        """What the layer checks."""
        self.layer.check_values(x, name)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The layer's."""
        try:
            return self.layer.compute_output_shape(input_shape)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}: {error}") from error

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Normalise the kernel, then what the layer does."""
        if training and self.trainable:
            self._normalize(self.normalized.value, self.vector_u.value)
        self.graph = self.inner_graph((None, *x.shape[1:]), training)
        (y,) = self.graph.forward([x])
        return y

    def _normalize(self, kernel: np.ndarray, u: np.ndarray) -> None:
        w = kernel.reshape(-1, kernel.shape[-1])
        for _ in range(self.power_iterations):
            before, v = self.empty((1, len(w))), self.empty((1, len(w)))
            launch.matmul(u, w.T, before)
            launch.unit_vectors(before[..., None], _MOST, v[..., None])
            after, rest, found = (self.empty(u.shape) for _ in range(3))
            launch.matmul(v, w, after)
            # A kernel of zeros leaves nothing but the old vector.
            launch.scale(u, _TINY, rest)
            launch.add(after, rest, found)
            launch.unit_vectors(found[..., None], _MOST, u[..., None])
        # As u = v W / |v W|, sigma = v W u^T is the length of v W.
        factor = self.empty((1,), np.float64)
        launch.norm_factors(after[..., None], 1.0, 1.0, 1.0, 1e-30, 0, factor)
        launch.scale_vectors(factor, math.prod(kernel.shape), 0, kernel.reshape(-1, 1))

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """The layer's gradients."""
        (dx,) = self.graph.backward([dy], self.propagate)
        return dx
