"""Sequential: a model whose layers follow each other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnkit import checks, registry
from nnkit.arguments import did_you_mean
from nnkit.data import as_array
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer, Shape
from nnkit.layers.inside import layers_from
from nnkit.layers.weights import set_weights
from nnkit.models.summary import summary
from nnkit.models.trainer import Trainer
from nnkit.networks import Network
from nnkit.registry import resolve, to_plain
from nnkit.saving import load_weights, save_model, save_weights
from nnkit.training import inputs
from nnkit.training.guard import Guard
from nnkit.training.predictor import Predictors

__all__ = ["Sequential"]


class Sequential(Trainer):
    """A model whose layers follow each other; in another model it is a layer.

    Parameters
    ----------
    layers : list of Layer, optional
        May start with ``Input(shape)``; otherwise the model is built when it first sees data (or
        its first layer has an ``input_shape``).
    trainable : bool
    name : str

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit.layers import Dense, Softmax, Tanh
    >>> nnkit.utils.set_random_seed(0)
    >>> model = nnkit.Sequential([nnkit.Input((4,)), Dense(8), Tanh(), Dense(3), Softmax()])
    >>> model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    >>> x, y = np.eye(4, dtype="float32"), np.array([0, 1, 2, 0])
    >>> history = model.fit(x, y, epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2
    >>> model.predict(x).shape
    (4, 3)
    """

    _coming: Network | None = None  # What ``build`` builds in place of the present network.

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        checks.flag("Sequential", "trainable", trainable)
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise TypeError(f"Sequential: layers must be a list of layers, got {layers!r}")
        network = self.network
        for layer in layers or []:
            network = network.followed_by(layer)
        if layers:
            self._share_turns(layers)
            self._become(network)
        if not trainable:
            self.trainable = False

    def add(self, layer: Layer) -> None:
        """Append a layer.

        Raises
        ------
        TypeError
            ``layer`` is not a layer.
        ValueError
            Another layer has the same name, or an Input is not the first layer.
        """
        self._share_turns([layer])
        with self.guard.changing("add"):
            self._become(self.network.followed_by(layer))

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self.layers:
            raise ValueError("there is no layer to remove")
        with self.guard.changing("pop"):
            layer = self.layers[-1]
            self._become(Network(self.layers[:-1], self.network.first))
        return layer

    def _share_turns(self, layers: Sequence[Any]) -> None:
        """Whoever uses the layers, here or in another model, waits for whoever else does."""
        for layer in layers:
            for inner in layer.walk() if isinstance(layer, Layer) else ():
                inner.turns.join(self.turns)

    def _become(self, network: Network) -> None:
        """Have other layers from now on; a compiled model must be compiled again."""
        shape, before = network.known_input_shape(), self.network
        try:
            if shape is not None:
                self._coming = network
                self.build(shape)
            self.network = network
        except BaseException:  # Layers that don't fit, or Ctrl-C: the model stays as it was.
            self.network = before
            raise
        finally:
            self._coming = None
        self.compiled = False
        self._drop_session()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Find a layer by its name or its index.

        Raises
        ------
        ValueError
            There is no such layer, or neither or both arguments were given.
        """
        if (name is None) == (index is None):
            raise ValueError("give the layer's name or its index")
        if index is not None:
            index = checks.integer("get_layer", "index", index, -(2**31))
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"there are {len(self.layers)} layers, so none with index {index}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise ValueError(f"no layer is called {name!r}{did_you_mean(str(name), names)} {names}")

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Make the weights.

        Parameters
        ----------
        input_shape : tuple
            The input's shape with the batch axis: ``(None, 784)``.
        """
        with self.turns.alone(writes=True):
            network = self._coming or self.network
            network.build(self.name, input_shape)
            self.network = network  # Other threads never see one that is not built yet.
            self._predictors = Predictors(self.network, self.guard)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for an input of this shape."""
        return self.network.compute_output_shape(input_shape)

    # ----------------------------------------------------------------------------- as a layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which they run."""
        return self.network.layers

    @layers.setter
    def layers(self, layers: Sequence[Layer]) -> None:
        self.network = self.network.with_layers(layers)
        if hasattr(self, "guard"):  # Not yet, while it is made.
            self._drop_session()

    @property
    def input_shape(self) -> Shape | None:
        """The input's shape, batch axis first; None before the model is built."""
        return self.network.input_shape

    @input_shape.setter
    def input_shape(self, shape: Shape | None) -> None:
        self.network.input_shape = shape

    @property
    def output_shape(self) -> Shape:
        """The output's shape, batch axis first; () before the model is built."""
        return self.network.output_shape

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self.input_shape is not None

    @property
    def dtype(self) -> str:
        """Data type of the weights and of every result."""
        return self.network.dtype

    @dtype.setter
    def dtype(self, value: str) -> None:
        pass  # It is that of the layers.

    @property
    def input_dtype(self) -> str:
        """What data is cast to: what the first layer takes."""
        return self.network.input_dtype

    def parts(self) -> tuple[Layer, ...]:
        """Every layer, each followed by its activation, in the order in which they run."""
        return self.network.parts()

    def as_input(self, x: Any) -> np.ndarray:
        """What a call is given, with a last axis of size 1 added or taken away if that fits."""
        x = as_array(inputs.samples(self.network, x), "x")
        return x if self.input_shape is None else inputs.fitted(x, self.network.sample_shape)

    def check_values(self, x: Any, name: str) -> None:
        """Refuse data that the first layer can't take."""
        self.network.check_values(x, name)

    def forget(self) -> None:
        """Drop the weights, as if the model had never been built."""
        with self.guard.changing("forget"):
            super().forget()
            self._drop_session()

    def summary(
        self,
        line_length: int | None = None,
        *,
        print_fn: Callable[[str], Any] | None = None,
        show_trainable: bool = False,
    ) -> None:
        """Print a table of the layers, their output shapes and their numbers of weights."""
        with self.turns.alone():
            summary(self, line_length or 65, print_fn, show_trainable)

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer, in Keras's order."""
        return self.network.weights

    def set_weights(self, weights: list[Any]) -> None:
        """Replace all weights; an error lists all wrong shapes, and then no weight is changed."""
        self._require_built("set_weights")
        with self.turns.alone(writes=True):
            set_weights(f"model {self.name!r}", self.weights, weights)

    def count_params(self) -> int:
        """The number of elements in all weights."""
        self._require_built("count_params")
        return super().count_params()

    def _require_built(self, method: str) -> None:
        if not self.built:
            raise ValueError(
                f"the model has no weights yet: give it an Input, or call build(input_shape), "
                f"before {method}"
            )

    # ----------------------------------------------------------------------------------- files

    def save(self, filepath: Any, *, include_optimizer: bool = True) -> None:
        """Write the whole model to an HDF5 file, with the arguments of ``compile`` and the state.

        See :func:`nnkit.saving.save_model`.
        """
        save_model(self, filepath, include_optimizer=include_optimizer)

    def check_savable(self) -> None:
        """Raise the error that :meth:`save` would raise, without writing anything."""
        from nnkit.saving.writer import check_savable

        check_savable(self)

    def save_weights(self, filepath: Any) -> None:
        """Write the weights to an HDF5 file."""
        save_weights(self, filepath)

    def load_weights(
        self, filepath: Any, skip_mismatch: bool = False, *, by_name: bool = False
    ) -> None:
        """Read weights from an HDF5 file; see :func:`nnkit.saving.load_weights`."""
        load_weights(self, filepath, by_name=by_name, skip_mismatch=skip_mismatch)

    def get_config(self) -> dict[str, Any]:
        """The architecture as plain data."""
        return {
            "name": self.name,
            "layers": [to_plain(layer) for layer in self.layers],
            "input_shape": None if self.input_shape is None else list(self.input_shape),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Sequential:
        """Make a model from what :meth:`get_config` returned, with new weights.

        ``custom_objects`` are custom classes and functions by name.
        """
        with registry.custom_objects(custom_objects):
            model = cls(layers_from(config["layers"]), name=config["name"])
        if config.get("input_shape") is not None and not model.built:
            model.build(config["input_shape"])
        return model

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of :meth:`compile` as plain data."""
        self._require_compiled("get_compile_config")
        return {
            "optimizer": to_plain(self.optimizer),
            "loss": to_plain(self.loss),
            "metrics": [to_plain(m) for m in self.metrics_given],
            "run_eagerly": self.run_eagerly,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what :meth:`get_compile_config` returned."""

        def metric(given: Any) -> Any:
            return given if isinstance(given, str) else resolve("metric", given)

        self.compile(
            optimizer=resolve("optimizer", config["optimizer"]),
            loss=resolve("loss", config["loss"]),
            metrics=[metric(m) for m in config.get("metrics") or []],
            run_eagerly=config.get("run_eagerly", False),
        )

    def optimizer_slots(self) -> dict[str, list[np.ndarray]]:
        """The optimizer's slots by name: for each a view for every trainable weight."""
        self._require_compiled("optimizer_slots")
        self._require_built("optimizer_slots")
        session = self.session()
        storage = session.storage
        trained = range(len(storage.trainable_variables))
        return {n: [storage.view(flat, i) for i in trained] for n, flat in session.slots.items()}

    @property
    def training_state(self) -> dict[str, Any]:
        """The remaining state of training, which a file keeps: the seed of shuffling."""
        self._require_compiled("training_state")
        return {"seed": self._seed}

    @training_state.setter
    def training_state(self, state: dict[str, Any]) -> None:
        self._seed = checks.integer("training_state", "seed", state["seed"], 0, 2**63 - 1)

    # ---------------------------------------------------------------------------------- copies

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle needs: not the recordings, which hold addresses."""
        with self.turns.alone():
            dropped = ("held", "_predictors", "guard")
            state = {k: v for k, v in self.__dict__.items() if k not in dropped}
            slots = {} if self.held is None else self.optimizer_slots()
            state["slots"] = {n: [a.copy() for a in arrays] for n, arrays in slots.items()}
            return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        slots = state.pop("slots")
        self.__dict__.update(state)
        self.guard = Guard(self.turns)
        self._drop_session()
        for name, arrays in slots.items():
            for array, value in zip(self.optimizer_slots()[name], arrays, strict=True):
                array[...] = value

    def __deepcopy__(self, memo: dict[int, Any]) -> Sequential:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        with self.turns.alone():
            twin.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return twin

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, {len(self.layers)} layers>"
