"""Random variables, which are drawn again in every call of a function.

Each has its own state, a shared variable that the function updates automatically.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.config import config
from nnkit.symbolic.graph import Variable
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.formulas import sub
from nnkit.symbolic.tensor.joining import stack
from nnkit.symbolic.tensor.making import ones
from nnkit.symbolic.tensor.math import cast
from nnkit.symbolic.tensor.shapes import known_ones, sizes
from nnkit.symbolic.tensor.variable import (
    Constant,
    SharedVariable,
    TensorType,
    as_tensor,
    constant,
)

__all__ = ["Draw", "RandomState", "RandomStreams", "StateVariable"]


class RandomState(np.ndarray):
    """The state of a random variable: two numbers from the seed, and how often it was drawn."""

    @classmethod
    def seeded(cls, seed: Any) -> RandomState:
        """The state at the beginning of a stream."""
        words = np.random.SeedSequence(seed).generate_state(2, np.uint64)
        return np.append(words, np.uint64(0)).view(cls)

    def seed(self, seed: Any) -> None:
        """Begin another stream."""
        self[...] = RandomState.seeded(seed)

    def get_state(self) -> np.ndarray:
        """The numbers."""
        return np.array(self)

    def set_state(self, state: Any) -> None:
        """Go on where :meth:`get_state` was called."""
        self[...] = state

    def generator(self) -> np.random.Generator:
        """A generator of NumPy for the next draw, which overlaps with no other."""
        first, second, drawn = np.array(self)
        return np.random.Generator(np.random.Philox(key=[first, second], counter=[0, 0, 0, drawn]))


def _distribution(p: np.ndarray) -> np.ndarray:
    """Probabilities whose sum is 1 as precisely as NumPy asks for."""
    precise = p.astype("float64")
    result: np.ndarray = precise / precise.sum(-1, keepdims=True)
    return result


def _permutations(rng: np.random.Generator, shape: Sequence[int], n: Any) -> np.ndarray:
    rows = np.broadcast_to(np.arange(n), (*shape, int(n)))
    return rng.permuted(rows, axis=-1)


# Of what NumPy draws: a generator, the shape, and the parameters.
DRAWS: dict[str, Callable[..., Any]] = {
    "binomial": lambda rng, shape, n, p: rng.binomial(n, p, shape),
    "poisson": lambda rng, shape, lam: rng.poisson(lam, shape),
    "integers": lambda rng, shape, low, high: rng.integers(low, high, shape, endpoint=True),
    "multinomial": lambda rng, shape, n, p: rng.multinomial(n, _distribution(p), shape or None),
    "choice": lambda rng, shape, a, p: rng.choice(a[()], shape, p=_distribution(p)),
    "choice_once": lambda rng, shape, a, p: rng.choice(
        a[()], shape, replace=False, p=_distribution(p)
    ),
    "permutation": _permutations,
    "shuffle": lambda rng, shape, x: rng.permutation(x),
}


class StateVariable(SharedVariable):
    """The state of a random variable, a shared one that functions update by themselves.

    Attributes
    ----------
    default_update : Variable
        What follows it.
    serial : int
        How many were made before: ``scan`` tells by it what a step made.
    """

    made = 0
    default_update: Variable

    def __init__(self, state: RandomState) -> None:
        super().__init__(state, None, [False])
        self.serial = StateVariable.made
        StateVariable.made += 1


@dataclass(frozen=True, repr=False)
class Draw(Op):
    """From a state, a shape and parameters the next state, and what is drawn.

    Parameters
    ----------
    kind : str
        ``"random"``, ``"normal"`` or ``"bernoulli"``, which have kernels, or of the table
        ``DRAWS``.
    type : TensorType
        Of what is drawn.
    """

    kind: str
    type: TensorType

    def __repr__(self) -> str:
        return f"Draw{{{self.kind}}}"

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The state's, and what is known already."""
        return [inputs[0].type, self.type]

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The kernel of the kind, or a generator for this draw alone."""
        from nnkit.engine.dispatch import recording
        from nnkit.kernels.generated.loops import DRAWN

        state, shape, *parameters = arrays
        sizes = tuple(int(n) for n in shape)
        if self.kind in DRAWN:
            drawn = np.empty(sizes, self.type.dtype)
            flat = [np.broadcast_to(p, sizes).flatten() for p in parameters]
            with recording(None):
                DRAWN[self.kind](np.array(state), *flat, 0, drawn.reshape(-1))
        else:
            rng = state.view(RandomState).generator()
            drawn = np.asarray(DRAWS[self.kind](rng, sizes, *parameters)).astype(self.type.dtype)
        return state + np.array([0, 0, 1], "uint64"), drawn

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """None: what is drawn is no smooth function of anything."""
        return [None] * len(inputs)


class RandomStreams:
    """Makes random variables.

    Parameters
    ----------
    seed : int, optional
        With the same seed and the same variables, made in the same order, the same is drawn; by
        default something else every time.

    Attributes
    ----------
    state_updates : list of (StateVariable, Variable)
        The state of each variable, and the one after a draw. A function adds those that it needs
        to its updates by itself, unless ``no_default_updates``.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams
    >>> streams = RandomStreams(seed=234)
    >>> f = theano.function([], streams.uniform((2, 2)))
    >>> bool((f() == f()).any())
    False
    """

    def __init__(self, seed: int | None = None) -> None:
        self.state_updates: list[tuple[StateVariable, Variable]] = []
        self._seeds = np.random.SeedSequence(seed)

    def seed(self, seed: int | None = None) -> None:
        """Begin again, all variables that there are, with this seed or the last one."""
        entropy = self._seeds.entropy if seed is None else seed
        self._seeds = np.random.SeedSequence(entropy)
        for state, _ in self.state_updates:
            state.set_value(self._state())

    def updates(self) -> list[tuple[StateVariable, Variable]]:
        """Theano's old name of ``state_updates``."""
        return list(self.state_updates)

    def _state(self) -> RandomState:
        return RandomState.seeded(self._seeds.spawn(1)[0].generate_state(4))

    def _draw(
        self, kind: str, size: Any, ndim: int | None, dtype: Any, *parameters: Any, more: int = 0
    ) -> Any:
        """A random variable with its state; ``more`` axes follow those of the size."""
        variables = [as_tensor(p) for p in parameters]
        shape, ones = _shape(size, ndim, variables)
        state = StateVariable(self._state())
        kind_of = TensorType(str(dtype), [*ones, *[False] * more])
        after, drawn = Draw(kind, kind_of)(state, shape, *variables)
        state.default_update = after
        drawn.rng, drawn.update = state, after
        self.state_updates.append((state, after))
        return drawn

    def uniform(
        self,
        size: Any = None,
        low: Any = 0.0,
        high: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
    ) -> Any:
        """Draw from a uniform distribution on [low, high); differentiable by both bounds.

        Parameters
        ----------
        size : sequence of int or variable, optional
            The shape; by default that of the parameters.
        low, high : float or variable
        ndim : int, optional
            Number of axes, where the size is a vector of unknown length.
        dtype : str, optional
            By default ``config.floatX``.
        nstreams : int, optional
            Accepted for Theano's sake.
        """
        return self._scaled("random", size, ndim, dtype, low, sub(high, low))

    def normal(
        self,
        size: Any = None,
        avg: Any = 0.0,
        std: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
    ) -> Any:
        """Draw from a normal distribution; differentiable by mean and standard deviation.

        Parameters
        ----------
        size
            As of :meth:`uniform`.
        avg, std : float or variable
        ndim, dtype, nstreams
            As of :meth:`uniform`.
        """
        return self._scaled("normal", size, ndim, dtype, avg, std)

    def _scaled(
        self, kind: str, size: Any, ndim: int | None, dtype: Any, start: Any, scale: Any
    ) -> Any:
        """start + scale * drawn."""
        dtype = config.floatX if dtype in (None, "floatX") else str(np.dtype(dtype))
        if dtype not in ("float32", "float64"):
            raise TypeError(f"what is drawn is float32 or float64, not {dtype}; use T.cast")
        start, scale = (cast(as_tensor(v), dtype) for v in (start, scale))
        size = _like(start, scale) if size is None else size
        drawn = self._draw(kind, size, ndim, dtype)
        result = start + scale * drawn
        result.rng, result.update = drawn.rng, drawn.update
        return result

    def binomial(
        self,
        size: Any = None,
        n: Any = 1,
        p: Any = 0.5,
        ndim: int | None = None,
        dtype: str = "int64",
        prob: Any = None,
        nstreams: int | None = None,
    ) -> Any:
        """Draw from a binomial distribution: the successes of ``n`` trials of probability ``p``.

        Parameters
        ----------
        size
            As of :meth:`uniform`.
        n : int or variable
        p : float or variable
        ndim, dtype
            As of :meth:`uniform`; int64 by default.
        prob
            Theano's old name of ``p``.
        nstreams : int, optional
            Accepted for Theano's sake.
        """
        n, p = as_tensor(n), as_tensor(p if prob is None else prob)
        if isinstance(n, Constant) and n.data.size == 1 and n.data == 1:
            return self._draw("bernoulli", size, ndim, _named(dtype), p)
        return self._draw("binomial", size, ndim, _named(dtype), n, p)

    def poisson(
        self, size: Any = None, lam: Any = 1.0, ndim: int | None = None, dtype: str = "int64"
    ) -> Any:
        """Draw from a Poisson distribution with mean ``lam``."""
        return self._draw("poisson", size, ndim, _named(dtype), lam)

    def random_integers(
        self,
        size: Any = None,
        low: Any = 0,
        high: Any = 1,
        ndim: int | None = None,
        dtype: str = "int64",
    ) -> Any:
        """Draw integers from ``low`` to ``high``, both included."""
        return self._draw("integers", size, ndim, _named(dtype), low, high)

    def choice(
        self,
        size: Any = (),
        a: Any = 2,
        replace: bool = True,
        p: Any = None,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
    ) -> Any:
        """Draw elements of a vector ``a``, or integers below an integer ``a``.

        Parameters
        ----------
        size
            As of :meth:`uniform`.
        a : int or variable
        replace : bool
            Whether an element may be drawn again.
        p : variable, optional
            The probabilities; by default equal.
        ndim, dtype, nstreams
            As of :meth:`uniform`.
        """
        a = as_tensor(a)
        n = a if a.ndim == 0 else a.shape[0]
        p = ones((n,), "float64") if p is None else p
        kind = "choice" if replace else "choice_once"
        return self._draw(kind, () if size is None else size, ndim, _named(dtype), a, p)

    def permutation(
        self, size: Any = (), n: Any = 1, ndim: int | None = None, dtype: str = "int64"
    ) -> Any:
        """Draw permutations of the integers below ``n``, along an additional last axis."""
        return self._draw(
            "permutation", () if size is None else size, ndim, _named(dtype), n, more=1
        )

    def multinomial(
        self,
        size: Any = None,
        n: Any = 1,
        pvals: Any = (0.5, 0.5),
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
    ) -> Any:
        """Draw from a multinomial distribution: counts of ``n`` trials, along a new last axis.

        Parameters
        ----------
        size
            As of :meth:`uniform`; by default as many as ``pvals`` has rows.
        n : int or variable
        pvals : variable
            Probabilities of the classes, along the last axis.
        ndim, dtype, nstreams
            As of :meth:`uniform`.
        """
        p = as_tensor(pvals)
        size = p.shape[:-1] if size is None and p.ndim > 1 else () if size is None else size
        ndim = p.ndim - 1 if ndim is None and isinstance(size, Variable) else ndim
        return self._draw("multinomial", size, ndim, _named(dtype), n, p, more=1)

    def shuffle_row_elements(self, input: Any) -> Any:
        """The rows of a matrix, or elements of a vector, in random order."""
        x = as_tensor(input)
        return self._draw("shuffle", x.shape, x.ndim, x.dtype, x)


def _named(dtype: str | None) -> str:
    """A data type by name; Theano's floatX is what the settings say."""
    return config.floatX if dtype in (None, "floatX") else str(np.dtype(dtype))


def _like(*variables: Any) -> Any:
    """The shape to which some broadcast, with the number of axes as ``ndim``."""
    return sum(variables[1:], variables[0]).shape


def _shape(size: Any, ndim: int | None, parameters: Sequence[Any]) -> tuple[Any, Sequence[bool]]:
    """The shape as a vector, and which axes are known to be of size 1."""
    if size is None:
        size = _like(*parameters) if parameters else ()
    numbers = sizes(size, ndim)
    if ndim is not None and ndim != len(numbers):
        raise ValueError(f"ndim={ndim}, but the size {size!r} has {len(numbers)} axes")
    if all(isinstance(n, Constant) for n in numbers):
        shape = constant(np.array([int(n.data) for n in numbers], "int64"))
    else:
        shape = stack([cast(n, "int64") for n in numbers])
    return shape, known_ones(numbers)
