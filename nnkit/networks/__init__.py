"""What a model is without data: layers, how they are connected, their shapes and weights."""

from nnkit.networks.network import Network

__all__ = ["Network"]
