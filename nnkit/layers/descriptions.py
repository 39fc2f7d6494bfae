"""Layers as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnkit import registry

__all__ = ["deserialize", "serialize"]


def serialize(layer: Any) -> Any:
    """Describe a layer by plain data, from which :func:`deserialize` makes an equal one.

    A registered function is described by its name.
    """
    return registry.serialize("layer", layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a layer of a description or a name.

    Parameters
    ----------
    config : dict or str
    custom_objects : dict, optional
        Further classes and functions by name.
    """
    return registry.deserialize("layer", config, custom_objects)
