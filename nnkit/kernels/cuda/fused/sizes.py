"""What is compiled into the kernels of a step, and how its work is cut into tiles."""

from __future__ import annotations

from dataclasses import dataclass

from nnkit.kernels.cuda._cuda import LANES, ROWS, SIMULATED

__all__ = ["Sizes", "Tiling", "tile"]

THREADS = LANES * ROWS  # Of every block.
# Threads side by side along the columns of a tile, and along its rows. In the third phase some
# groups of threads share the sum over the batch, so each of them has fewer along the rows.
ACROSS = 2 if SIMULATED else 8
DOWN = THREADS // ACROSS
SHARES = 2 if SIMULATED else 4
DOWN_SHARED = DOWN // SHARES

# What a block has room for without asking, in float32, less some for single numbers.
_ROOM = 48 * 1024 // 4 - 64
# Rows of a tile that a thread does: their sums must stay in registers.
_MOST_EACH = 8


@dataclass(frozen=True)
class Sizes:
    """A training step: sizes, numbers, and where its weights lie in the vector of parameters.

    Attributes
    ----------
    inputs, hidden, outputs : int
    rows, stride : int
        Rows of this batch and of a full one.
    weights : tuple of int
        Where the kernel and the bias of the first layer begin, then those of the second.
    activation : {"linear", "relu", "tanh", "sigmoid"}
    labels : bool
        The targets are class numbers, not one number for every output.
    optimizer : {"sgd", "sgd_momentum", "adam"}
    numbers : tuple of float
        The optimizer's, in the order of its kernel's parameters.
    factors : tuple of float
        Weight of a row in the loss; and in the accuracy, if the step counts hits.
    count : float
        Samples of the batch.
    scale, offset : float
        Of the data, before the first layer.
    """

    inputs: int
    hidden: int
    outputs: int
    rows: int
    stride: int
    weights: tuple[int, int, int, int]
    activation: str
    labels: bool
    optimizer: str
    numbers: tuple[float, ...]
    factors: tuple[float, ...]
    count: float
    scale: float = 1.0
    offset: float = 0.0

    @property
    def slots(self) -> int:
        """Numbers that the optimizer remembers for each weight."""
        return {"sgd": 0, "sgd_momentum": 1, "adam": 2}[self.optimizer]


@dataclass(frozen=True)
class Tiling:
    """Parts of the inputs times groups of the hidden columns; the bias counts as an input.

    Attributes
    ----------
    inputs, columns : int
        Of a tile.
    """

    sizes: Sizes
    inputs: int
    columns: int

    @property
    def parts(self) -> int:
        """Tiles along the inputs."""
        return _ceil(self.sizes.inputs + 1, self.inputs)

    @property
    def groups(self) -> int:
        """Tiles along the hidden columns."""
        return _ceil(self.sizes.hidden, self.columns)

    @property
    def blocks(self) -> int:
        """All tiles."""
        return self.parts * self.groups

    # A thread does so many of each; tiles are padded with zeros to multiples.

    @property
    def rows_each(self) -> int:
        """Rows of the batch that a thread does in the first phase."""
        return _ceil(self.sizes.rows, DOWN)

    @property
    def inputs_each(self) -> int:
        """Inputs that a thread does in the third phase."""
        return _ceil(self.inputs, DOWN_SHARED)

    @property
    def columns_each(self) -> int:
        """Columns that a thread does in either."""
        return _ceil(self.columns, ACROSS)

    @property
    def fetches(self) -> int:
        """Numbers of the batch that a thread reads."""
        return _ceil(self.sizes.rows * self.inputs, THREADS)

    # Shared memory, in float32.

    @property
    def pitch(self) -> int:
        """From one input to the next in the batch (inputs, rows): odd, to be in other banks."""
        return self.rows_each * DOWN + 1

    @property
    def width(self) -> int:
        """From one input to the next in the slice of the weights (inputs, columns)."""
        return self.columns_each * ACROSS

    @property
    def batch(self) -> int:
        """The batch's inputs."""
        return self.inputs_each * DOWN_SHARED * self.pitch

    @property
    def slice(self) -> int:
        """The weights of a tile."""
        return self.inputs_each * DOWN_SHARED * self.width

    @property
    def head(self) -> int:
        """What the second phase keeps: see :func:`.phases.head_phase`."""
        s = self.sizes
        return (s.hidden + 1) * s.outputs + (ROWS + 2) * s.hidden + 4 * s.outputs

    @property
    def meeting(self) -> int:
        """Where the threads of a block exchange numbers, in the second and in the third phase."""
        return max(self.head, self.sizes.rows * self.width, SHARES * self.slice)

    @property
    def fits(self) -> bool:
        """Whether the three launches of a step fit into a block's memory and registers."""
        each = max(self.rows_each, self.inputs_each, self.columns_each)
        return each <= _MOST_EACH and self.batch + max(self.slice, self.meeting) <= _ROOM

    @property
    def resident(self) -> bool:
        """Whether the weights and their slots fit too, to stay for many steps."""
        kept = (1 + self.sizes.slots) * self.slice
        return self.fits and self.batch + kept + self.meeting <= _ROOM


def tile(sizes: Sizes, processors: int) -> Tiling | None:
    """The tiles that keep this many processors busy, one each; more and smaller ones if they must.

    None if the step is too large: then one phase waits for the next no longer than it works, and
    a product by the library is better.
    """
    if sizes.outputs > THREADS:
        return None
    columns = max(LANES, _ceil(sizes.hidden, processors))
    columns = min(columns, sizes.hidden)
    parts = max(1, processors // _ceil(sizes.hidden, columns))
    inputs = min(_ceil(sizes.inputs + 1, parts), _MOST_EACH * DOWN_SHARED)
    while inputs > 1 and not Tiling(sizes, inputs, columns).fits:
        inputs -= 1
    tiling = Tiling(sizes, inputs, columns)
    return tiling if tiling.fits else None


def _ceil(a: int, b: int) -> int:
    return -(-a // b)
