"""Trained: which layers and weights a model trains, fixed when it is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nnkit.engine.variable import FIXED, Storage
from nnkit.errors import warn
from nnkit.layers.base import Layer

__all__ = ["Trained"]


class Trained:
    """What ``trainable`` of a model's layers and weights was when the model was compiled.

    Later changes of ``trainable`` take effect at the next ``compile``, as in Keras. So two models
    that share layers can train them or not, each as it was compiled: the discriminator of a GAN is
    compiled, then frozen and put into a second model, which is compiled, too; and both train on.

    Parameters
    ----------
    model : Layer
        Its layers may not be built yet; weights that are made later are trained as they say
        themselves.
    """

    def __init__(self, model: Layer) -> None:
        self._flags: list[tuple[Any, bool]] = [(part, part.trainable) for part in _parts(model)]
        self._fixed: dict[Any, bool] | None = None  # The same; no key of a pickle.
        self._said: list[Any] = []
        self._seen = Storage.moves

    @contextmanager
    def within(self) -> Iterator[None]:
        """Within the block, ``trainable`` is what it was when the model was compiled."""
        if self._fixed is None:
            self._fixed = dict(self._flags)
        token = FIXED.set(self._fixed)
        try:
            yield
        finally:
            FIXED.reset(token)

    def changed(self) -> list[Any]:
        """The layers and weights whose ``trainable`` is different now."""
        return [part for part, flag in self._flags if part.trainable != flag]

    def say_changes(self, owner: str) -> None:
        """Warn of layers that were frozen or thawed since, of each once."""
        if self._seen == Storage.moves:
            return
        self._seen = Storage.moves
        told = {id(part) for part in self._said}
        new = [part for part in self.changed() if id(part) not in told]
        self._said += new
        for flag, go_on in ((False, "go on being trained"), (True, "stay as they are")):
            names = [
                repr(getattr(part, "path", part.name))
                for part in new
                if part.trainable is flag and getattr(part, "own_variables", True)
            ]
            if names:
                warn(
                    f"model {owner!r}: trainable of {', '.join(names)} was set to {flag} after "
                    f"compile, which fixes what is trained; the weights {go_on} until it is "
                    "compiled again"
                )

    def described(self, model: Layer) -> list[list[Any]]:
        """What :meth:`changed` gives, as plain data: their numbers, and what ``trainable`` was."""
        changed = {id(part): not part.trainable for part in self.changed()}
        parts = _parts(model)
        return [[i, changed[id(part)]] for i, part in enumerate(parts) if id(part) in changed]

    def restore(self, model: Layer, described: Sequence[Sequence[Any]]) -> None:
        """Be as :meth:`described` says."""
        parts = _parts(model)
        before = {id(parts[i]): bool(flag) for i, flag in described}
        self._flags = [(part, before.get(id(part), flag)) for part, flag in self._flags]
        self._fixed, self._said = None, self.changed()

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_fixed": None}


def _parts(model: Layer) -> list[Any]:
    """All layers and weights of a model, in an order that its description defines."""
    return list(dict.fromkeys(p for layer in model.walk() for p in (layer, *layer.own_variables)))
