"""Networks: the layers of a model, their connections, shapes and weights, without data."""

from nnkit.networks.network import (
    Network,
    Pending,
    check_dtypes,
    connected_again,
    inputs_for,
)

__all__ = ["Network", "Pending", "check_dtypes", "connected_again", "inputs_for"]
