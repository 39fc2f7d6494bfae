"""Networks: the layers of a model, their connections, shapes and weights, without data."""

from nnkit.networks.network import Network

__all__ = ["Network"]
