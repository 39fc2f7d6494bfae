"""What a model takes of data that come in batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnkit.data import Arrays
from nnkit.layers.base import Shape
from nnkit.networks import Network
from nnkit.training import inputs
from nnkit.training.objective import Goal

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = ["Taking"]


class Taking:
    """Reads and checks batches for a model, in the thread that reads them as far as possible.

    Only :meth:`build` and :meth:`learn` change the model, and only in the user's thread. Between
    those, the thread goes by what they have left here.

    Parameters
    ----------
    model : Trainer
    compares : bool
        Whether targets and weights are needed.
    class_weight : dict or None
    name : str
        What warnings call the data; the empty string if that is clear.
    """

    def __init__(
        self,
        model: Trainer,
        compares: bool = True,
        class_weight: Mapping[int, float] | None = None,
        name: str = "",
    ) -> None:
        self.model, self.compares = model, compares
        self.class_weight, self.name = class_weight, name
        self.network: Any = None  # Or the model's Network.
        self.goals: list[Goal] = []
        self._outputs: dict[tuple[Shape, ...], list[Shape]] = {}
        if isinstance(model.network, Network):
            self._settle()

    def _settle(self) -> None:
        self.network = self.model.built_network()
        self.goals = self.model.goals() if self.compares else []
        self._outputs = {}

    @property
    def built(self) -> bool:
        """Whether the model has weights, so that it is known what it takes."""
        return self.network is not None

    def build(self, x: Any) -> None:
        """Build the model by its first samples."""
        given = inputs.samples(self.model.network, x)
        inputs.checked(self.model, given, form=x)
        self._settle()

    def read(self, x: Any, y: Any, sample_weight: Any) -> Arrays:
        """A batch as arrays with the axes that the model takes."""
        network = self.network
        given = inputs.on_host(inputs.samples(network, x))
        pairs = zip(given, network.input_shapes, strict=True)
        given = [inputs.fitted(array, shape[1:]) for array, shape in pairs]
        inputs.check_batch(network, given)
        if not self.compares:
            return Arrays(given)
        return Arrays(given, *inputs.compared(network, self.goals, given[0], y, sample_weight))

    def knows(self, batch: Arrays) -> bool:
        """Whether it is known what comes out for samples of these shapes."""
        return tuple(batch.shapes) in self._outputs

    def learn(self, batch: Arrays) -> None:
        """Find out what comes out for samples of these shapes, or refuse them."""
        inputs.checked(self.model, list(batch.x))
        if self.model.network is not self.network:  # It takes more shapes now.
            self._settle()
        shapes = batch.shapes
        self._outputs[tuple(shapes)] = self.network.output_shapes_for(shapes)

    def check(self, batch: Arrays) -> Arrays:
        """Refuse values that the model can't take; prepare targets and weights."""
        network = self.network
        inputs.check_values(network, batch.x)
        if not self.compares:
            return batch
        inputs.check_all_finite(network, batch.x, network.dtype)
        outputs = self._outputs[tuple(batch.shapes)]
        return inputs.prepared(network, self.goals, batch, outputs, self.class_weight)

    def look(self, batch: Arrays) -> bool:
        """Warn of targets that are rarely meant; whether there were any."""
        return self.compares and inputs.warn_of_doubts(self.network, self.goals, batch, self.name)

    def stuck(self, thread: int) -> bool:
        """Whether a thread waits until this one stops to use the model."""
        return self.model.turns.hold_up(thread)
