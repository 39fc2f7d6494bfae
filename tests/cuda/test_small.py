"""Which recorded steps have faster kernels: each reason why one has not gets a test."""

import math

import numpy as np
import pytest

import nnkit
from nnkit.engine.cuda.small import Scratch, match
from nnkit.engine.dispatch import empty, launch, recording
from nnkit.engine.references import Reference
from nnkit.engine.tape import Tape
from nnkit.kernels.cuda.fused.persistent import persistent
from nnkit.kernels.cuda.fused.sizes import Sizes, tile
from nnkit.kernels.cuda.fused.steps import three_steps
from nnkit.layers import Dense, Dropout, Flatten, Input, ReLU, Rescaling
from nnkit.losses import CategoricalCrossentropy, SparseCategoricalCrossentropy
from nnkit.metrics import SparseCategoricalAccuracy
from nnkit.optimizers import SGD, Adam, RMSprop
from tests.cuda.small_models import DENSE, SPARSE, Training, dense_model, samples

MNIST = Sizes(
    *(784, 128, 10, 32, 32), (0, 100352, 100480, 101760), "relu", True, "adam", (0.9, 0.999, 1e-7),
    (1 / 32, 1 / 32), 32.0,
)  # fmt: skip


@pytest.fixture
def train(rng):
    """Record a step of a model on made-up data; options are those of Training."""

    def train(model=None, **options):
        x, y = samples(rng)
        if options.get("loss") is not None and options["loss"] != SPARSE:
            y = np.eye(2)[y]
        return Training(model or dense_model(), options.pop("x", x), options.pop("y", y), **options)

    return train


def sizes(training):
    return match(training.tape, 132).tiling.sizes


# ---------------------------------------------------------------------------------- what matches


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", None])
def test_activations(train, activation):
    found = sizes(train(dense_model(activation=activation)))
    assert found.activation == (activation or "linear")
    assert (found.inputs, found.hidden, found.outputs, found.rows, found.stride) == (5, 3, 2, 4, 4)


@pytest.mark.parametrize(
    ("optimizer", "name", "numbers"),
    [
        (Adam(beta_2=0.99), "adam", (0.9, 0.99, 1e-7)),
        (SGD(), "sgd", ()),
        (SGD(momentum=0.5, nesterov=True), "sgd_momentum", (0.5, 1)),
    ],
)
def test_optimizers(train, optimizer, name, numbers):
    found = sizes(train(optimizer=optimizer))
    assert (found.optimizer, found.numbers) == (name, numbers)


def test_one_hot_targets(train):
    assert not sizes(train(loss=DENSE)).labels


def test_no_metric(train):
    assert sizes(train(metrics=[])).factors == (0.25,)
    assert sizes(train()).factors == (0.25, 0.25)


def test_summed_loss(train):
    loss = SparseCategoricalCrossentropy(reduction="sum")
    found = sizes(train(loss=loss, y=np.zeros(30, int)))
    assert found.factors == (1.0, 0.25)


def test_part_of_a_batch(train):
    found = sizes(train(size=3, stride=7))
    assert (found.rows, found.stride, found.count) == (3, 7, 3.0)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "float64"])
def test_data_of_any_type_rescaled(train, dtype, rng):
    x = rng.integers(0, 2, (30, 5)).astype(dtype)
    training = train(dense_model(before=[Rescaling(0.5, offset=-1)]), x=x)
    assert (sizes(training).scale, sizes(training).offset) == (0.5, -1.0)


def test_images(train, rng):
    model = nnkit.Sequential([Input((2, 3)), Flatten(), Dense(3), Dense(2, "softmax")])
    assert sizes(train(model, x=rng.normal(size=(30, 2, 3)))).inputs == 6


def test_launches_find_their_arguments(train):
    training = train()
    found = match(training.tape, 132)
    kernels = [*three_steps(found.tiling), persistent(found.tiling)]
    names = [kernel.name for kernel in kernels]
    assert names == ["fused_multiply", "fused_head", "fused_learn", "fused_steps"]
    named = found.arguments
    assert {name for kernel in kernels for name in kernel.parameters} == {*named, "steps"}
    tape = training.tape
    assert tape.places[named["x"].place].name == "x0"
    assert named["failed"] == Scratch((1,), "int32")
    assert isinstance(named["partial"], Scratch)
    storage, counters = training.session.storage, training.session.counters
    assert np.may_share_memory(tape.array(named["p"]), storage.values)
    arrays = {a for a in named.values() if isinstance(a, Reference)}
    used = [counter for counter in counters.state if counter is not counters.draw]
    assert set(map(tape.reference, used)) <= arrays


def test_weights_are_found_where_they_lie(train):
    training = train()
    flat = training.session.storage.values
    for at, weights in zip(sizes(training).weights, training.model.weights, strict=True):
        np.testing.assert_array_equal(flat[at : at + weights.size], weights.numpy().ravel())


# --------------------------------------------------------------------------- what does not match

X = Input((5,))
OTHER_MODELS = {
    "two hidden layers": [X, Dense(3, "relu"), Dense(3, "relu"), Dense(2, "softmax")],
    "no hidden layer": [X, Dense(2, "softmax")],
    "dropout": [X, Dense(3, "relu"), Dropout(0.5), Dense(2, "softmax")],
    "another relu": [X, Dense(3), ReLU(max_value=6), Dense(2, "softmax")],
    "two activations": [X, Dense(3, "relu"), ReLU(), Dense(2, "softmax")],
    "no bias at first": [X, Dense(3, "relu", use_bias=False), Dense(2, "softmax")],
    "no bias at last": [X, Dense(3, "relu"), Dense(2, "softmax", use_bias=False)],
    "a frozen layer": [X, Dense(3, "relu", trainable=False), Dense(2, "softmax")],
    "a frozen head": [X, Dense(3, "relu"), Dense(2, "softmax", trainable=False)],
    "the loss of probabilities": [X, Dense(3, "relu"), Dense(2, "sigmoid")],
    "rescaled in the middle": [X, Dense(3, "relu"), Rescaling(2.0), Dense(2, "softmax")],
    "float64": [X, *(Dense(n, a, dtype="float64") for n, a in ((3, "relu"), (2, "softmax")))],
}


@pytest.mark.parametrize("reason", OTHER_MODELS)
def test_other_models(train, reason):
    layers = OTHER_MODELS[reason]
    assert match(train(nnkit.Sequential(layers)).tape, 132) is None


OTHER_OPTIONS = {
    "weight decay": {"optimizer": Adam(weight_decay=0.1)},
    "clipped elements": {"optimizer": Adam(clipvalue=1.0)},
    "clipped norms": {"optimizer": SGD(clipnorm=1.0)},
    "a clipped norm": {"optimizer": SGD(global_clipnorm=1.0)},
    "nothing to divide by": {"optimizer": Adam(epsilon=0)},
    "amsgrad": {"optimizer": Adam(amsgrad=True)},
    "another optimizer": {"optimizer": RMSprop()},
    "sample weights": {"sample_weight": np.ones(30)},
    "two metrics": {"metrics": ["accuracy", SparseCategoricalAccuracy("again")]},
    "another metric": {"metrics": ["mse"], "loss": DENSE},
    "another loss": {"loss": "mse"},
    "label smoothing": {"loss": CategoricalCrossentropy(label_smoothing=0.1)},
}


@pytest.mark.parametrize("reason", OTHER_OPTIONS)
def test_other_options(train, reason):
    assert match(train(**OTHER_OPTIONS[reason]).tape, 132) is None


def test_a_sequence_of_positions(rng):
    """Every position of a sequence is a row: the product has more rows than the batch."""
    layers = [Input((2, 5)), Dense(3, "relu"), Dense(2, "softmax")]
    x, y = rng.normal(size=(30, 2, 5)), rng.integers(0, 2, (30, 2))
    assert match(Training(nnkit.Sequential(layers), x, y).tape, 132) is None


def test_python_in_the_step(train):
    class Own(nnkit.layers.Layer):
        def forward(self, x, training=False):
            return x

        def backward(self, dy):
            return dy

    layers = [X, Dense(3, "relu"), Own(), Dense(2, "softmax")]
    assert match(train(nnkit.Sequential(layers)).tape, 132) is None


def test_one_call_more_or_less(train):
    """Somebody reads what the fast kernels don't write, or does without a call."""
    tape = train().tape
    entries = list(tape.entries)
    assert match(tape, 132) is not None
    for i in range(len(entries)):
        tape.entries = [*entries[:i], *entries[i + 1 :]]
        assert match(tape, 132) is None
    for entry in entries:
        tape.entries = [*entries, entry]
        assert match(tape, 132) is None


def arguments_of(tape, kernel, number=0):
    """The index of a call, and its arguments by name."""
    found = [i for i, entry in enumerate(tape.entries) if entry.kernel.name == kernel]
    call = tape.entries[found[number]]
    return found[number], dict(zip(call.kernel.parameters, call.arguments, strict=True))


def test_each_argument_counts(train):
    """Put another array of the same form in the place of each array, one at a time."""
    tape = train(optimizer=Adam()).tape
    entries = list(tape.entries)
    free = {
        *(("gather", name) for name in ("data", "order")),  # Bound: whatever is given to fit.
        *(("advance", name) for name in ("rates", "position")),  # Nobody else has them.
        *(("adam", name) for name in "mv"),
        ("accumulate", "sums"),
    }
    for i, entry in enumerate(entries):
        for j, name in enumerate(entry.kernel.parameters):
            if (entry.kernel.name, name) in free or not isinstance(entry.arguments[j], Reference):
                continue
            changed = list(entry.arguments)
            changed[j] = tape.reference(tape.array(changed[j]).copy())
            tape.entries = list(entries)
            tape.entries[i] = type(entry)(entry.kernel, tuple(changed), entry.owner)
            assert match(tape, 132) is None, (entry.kernel.name, name)


@pytest.mark.parametrize(
    ("kernel", "name", "value"),
    [
        ("gather", "size", 5),
        ("gather", "first", 1),
        ("relu", "max_value", 1.0),
        ("relu", "threshold", 1.0),
        ("relu_backward", "negative_slope", 1.0),
        ("sum_rows", "first", 1),
        ("accumulate", "count", 3.0),
    ],
)
def test_each_number_counts(train, kernel, name, value):
    tape = train().tape
    i, named = arguments_of(tape, kernel)
    assert named[name] not in (value, math.nan)
    entry = tape.entries[i]
    tape.entries[i] = type(entry)(entry.kernel, tuple((named | {name: value}).values()), None)
    assert match(tape, 132) is None


def test_a_kernel_of_the_same_name(train):
    def fill(value, y):
        y[:] = value

    tape = train().tape
    own = nnkit.kernel(outputs=["y"])(fill)
    i, named = arguments_of(tape, "fill")
    tape.entries[i] = type(tape.entries[i])(own, tuple(named.values()), None)
    assert match(tape, 132) is None


def test_an_empty_tape():
    assert match(Tape({}), 132) is None


def test_another_step():
    x = np.ones((2, 2), np.float32)
    with recording(Tape({})) as tape:
        launch.tanh(x, empty(x.shape, x.dtype))
    assert match(tape, 132) is None


# --------------------------------------------------------------------------------------- the rule


def test_the_weights_stay_on_an_h100(train):
    tiling = tile(MNIST, 132)
    assert (tiling.inputs, tiling.columns, tiling.parts, tiling.groups) == (24, 32, 33, 4)
    assert tiling.resident
    assert tiling.blocks == 132


def larger(**changes):
    return Sizes(**(vars(MNIST) | changes))


@pytest.mark.parametrize(
    ("changes", "fits", "stays"),
    [
        ({"rows": 128}, True, True),
        ({"rows": 256}, True, False),
        ({"rows": 257}, False, False),
        ({"inputs": 3072}, True, False),
        ({"hidden": 512}, True, False),
        ({"hidden": 1024}, False, False),
        ({"outputs": 100}, False, False),
        ({"outputs": 10**4}, False, False),
        ({"inputs": 1, "hidden": 1, "outputs": 1, "rows": 1}, True, True),
    ],
)
def test_sizes_that_fit(changes, fits, stays):
    tiling = tile(larger(**changes), 132)
    assert (tiling is not None) == fits
    if tiling is not None:
        assert (tiling.resident and tiling.blocks <= 132) == stays


def test_a_step_that_is_too_large(train):
    tape = train(dense_model(hidden=2000)).tape
    assert match(tape, 132) is None


def test_more_tiles_than_processors(train):
    """The blocks of the persistent kernel must all run at once."""
    training = train(dense_model(hidden=40))
    assert match(training.tape, 132).stays
    assert match(training.tape, 1).stays
    tall = train(dense_model(inputs=300, hidden=40), x=np.zeros((30, 300), np.float32))
    assert not match(tall.tape, 4).stays
