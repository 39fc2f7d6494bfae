"""Every metric against Keras's: over several batches, with weights, alone and in a model."""

import numpy as np
import pytest

import nnkit
from tests.keras.theirs import QUIET, assert_close, keras
from tests.layers.catalogue import METRICS, again

# Of Keras's confusion matrices.
INT64 = pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning")
pytestmark = [QUIET, INT64]

CASES = [case for case in METRICS if case.keras is None]
ROWS = (7, 1, 24)


def pair(case):
    """A metric here and there."""
    config = {k: v for k, v in case.metric.get_config().items() if k != "dtype"}
    dtype = {"dtype": "float32"} if "IoU" in type(case.metric).__name__ else {}
    theirs = keras.metrics.deserialize(
        {"class_name": type(case.metric).__name__, "config": config | dtype}
    )
    return again(case.metric), theirs


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_alone(case, weighted, rng):
    ours, theirs = pair(case)
    assert ours.name == case.metric.name
    for rows in ROWS:
        y_true, y_pred = case.targets(rng, rows), case.outputs(rng, rows)
        weights = rng.integers(0, 4, rows).astype(np.float32) if weighted else None
        repeats = case.y_true == case.predictions == "classes" or "Binary" in str(case)
        if "IoU" in str(case) and repeats and weighted:
            weights = np.ones(rows, np.float32)
            given = np.ones((rows, 4), np.float32)
        else:
            given = weights
        ours.update_state(y_true, y_pred, weights)
        theirs.update_state(y_true, y_pred, given)
        assert_close(ours.result(), np.asarray(theirs.result()))
    ours.reset_state()
    theirs.reset_state()
    y_true, y_pred = case.targets(rng, 5), case.outputs(rng, 5)
    ours.update_state(y_true, y_pred)
    theirs.update_state(y_true, y_pred)
    assert_close(ours.result(), np.asarray(theirs.result()))


def test_directions():
    """Callbacks look for more of what Keras's callbacks look for more of."""
    words = {"up": "max", "down": "min"}
    for case in CASES:
        ours, theirs = pair(case)
        direction = getattr(theirs, "_direction", None)
        assert direction is None or ours.direction == words[direction], case


LOSSES = {"labels": "sparse_categorical_crossentropy"}


@pytest.mark.parametrize("y_true", sorted({case.y_true for case in CASES}))
def test_files(y_true, rng, files):
    """A model with metrics of a kind there and back, with the same results."""
    cases = [case for case in CASES if case.y_true == y_true]
    # Keras does not compile, load or save these.
    odd = ("_ids=True", "num_regressors", "label_weights")
    cases = [case for case in cases if not any(word in str(case) for word in odd)]
    cases = list({type(case.metric): case for case in cases}.values())
    x, y = cases[-1].outputs(rng, 20), cases[-1].targets(rng, 20)
    ours = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Activation("linear")])
    named = [again(case.metric, name=f"m{i}") for i, case in enumerate(cases)]
    ours.compile("sgd", LOSSES.get(y_true, "mse"), metrics=named)
    path, back = files(), files()
    ours.save(path)
    theirs = keras.models.load_model(path)
    wanted = theirs.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
    theirs.save(back)
    for model in (ours, nnkit.load_model(path), nnkit.load_model(back)):
        found = model.evaluate(x, y, 8, 0, return_dict=True)
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            assert_close(found[name], np.asarray(value))
