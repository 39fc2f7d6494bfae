"""``T.signal``: pooling."""

from nnkit.symbolic.tensor.signal import downsample, pool

__all__ = ["downsample", "pool"]
