"""Every layer against Keras's, through files: forward, backward, ten steps of training."""

import numpy as np
import pytest

import nnkit
from nnkit import layers, optimizers
from nnkit.nested import leaves
from tests.keras.theirs import QUIET, assert_close, keras, loaded, training_step
from tests.layers.catalogue import LAYERS

pytestmark = QUIET

COMPARED = [case for case in LAYERS if not isinstance(case.keras, str)]
CASES = [case for case in COMPARED if case.is_step()]
# With first states, Keras drops the mask of the sequence; nnkit counts it.
SEVERAL = [
    case
    for case in COMPARED
    if not case.is_step() and case.keras is None and not (case.masked is True and case.named)
]
RATE = 0.1


def pair(case, rng, path):
    """Two models with the same weights: nnkit's, and Keras's."""
    nnkit.utils.set_random_seed(5)
    ours = case.model(optimizers.SGD(RATE))
    varied = [  # Keras's counts are whole numbers.
        w + (v.name != "count") * 0.3 * rng.normal(size=w.shape)
        for w, v in zip(ours.get_weights(), ours.weights, strict=True)
    ]
    fixed = {id(v) for v in ours.non_trainable_weights}  # Among them is a variance.
    ours.set_weights(
        [abs(w) if id(v) in fixed else w for v, w in zip(ours.weights, varied, strict=True)]
    )
    if case.keras is None:
        ours.save(path, include_optimizer=False)
        return ours, loaded(path)
    masking = [keras.layers.Masking()] if case.masked else []
    theirs = keras.Sequential([keras.Input(case.shape), *masking, case.keras(keras)])
    theirs.set_weights(ours.get_weights())
    return ours, theirs


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case, rng, files):
    ours, theirs = pair(case, rng, files())
    batch = case.batch or 3
    x, y = case.data(rng, 10 * batch)
    assert_close(ours.predict(x[:batch], batch), theirs(x[:batch], training=False))
    if not case.random:
        check_training(ours, theirs, x, y, batch, bool(case.ids))
    if case.keras is None:
        back = files()
        theirs.save(back)
        again = nnkit.load_model(back)
        wanted = theirs(x[:batch], training=False)
        assert_close(again.predict(x[:batch], batch), wanted)
        if not case.random:
            assert_close(ours.predict(x[:batch], batch), wanted)


def check_training(ours, theirs, x, y, batch, ids):
    """Ten steps; in the first, each gradient is compared as well."""
    step = training_step(theirs)
    trained = [v.value for v in theirs.trainable_variables]
    others = [v.value for v in theirs.non_trainable_variables]
    graph = ours.built_network().graph([(None, *x.shape[1:])], training=True)
    for i in range(10):
        rows = slice(i * batch, (i + 1) * batch)
        given = x[rows].astype(int) if ids else x[rows]
        loss, gradients, y_pred, others = step(trained, others, given, y[rows])
        if i == 0:
            kept = ours.get_weights()
            dtype = graph.inputs[0].dtype
            assert_close(graph.forward([x[rows].astype(dtype)])[0], y_pred)
            ours.set_weights(kept)  # Running statistics have moved.
            (dx,) = graph.backward([np.array(gradients[2])], propagate=True)
            if not ids:
                assert_close(dx, gradients[1])
        assert_close(ours.train_on_batch(x[rows], y[rows]), loss)
        if i == 0:
            for variable, gradient in zip(ours.trainable_weights, gradients[0], strict=True):
                assert_close(variable.gradient, gradient)
        moved = [w - RATE * g for w, g in zip(trained, gradients[0], strict=True)]
        bounds = [v.constraint or (lambda w: w) for v in theirs.trainable_variables]
        trained = [bound(w) for bound, w in zip(bounds, moved, strict=True)]
    for variable, value in zip(theirs.trainable_variables, trained, strict=True):
        variable.assign(value)
    for variable, value in zip(theirs.non_trainable_variables, others, strict=True):
        variable.assign(value)
    for mine, value in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, value)


@pytest.mark.parametrize("case", SEVERAL, ids=str)
def test_several_inputs_or_outputs(case, rng, files):
    """A model of a layer goes to Keras and back in a file."""
    nnkit.utils.set_random_seed(5)
    path, back, batch = files(), files(), case.batch or 3
    ours = case.model(optimizers.SGD(RATE))
    ours.set_weights([w + 0.3 * rng.normal(size=w.shape) for w in ours.get_weights()])
    ours.save(path, include_optimizer=False)
    theirs = loaded(path)
    x, _ = case.data(rng, batch)
    if case.named and case.masked:  # Keras loses the mask of a call that has further inputs.
        x = [np.where(values == 0, 1, values) for values in x]
    wanted = theirs.predict(x, batch_size=batch, verbose=0)
    assert_all_close(ours.predict(x, batch), wanted)
    theirs.save(back)
    assert_all_close(nnkit.load_model(back).predict(x, batch), wanted)


def assert_all_close(found, wanted):
    found, wanted = (leaves(nested) for nested in (found, wanted))
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("kind", [layers.GRU, layers.LSTM, layers.SimpleRNN])
def test_states_last(kind, rng, files):
    """From batch to batch of a prediction, until they are reset."""
    path = files()
    ours = nnkit.Sequential([nnkit.Input((3, 2), batch_size=2), kind(4, stateful=True)])
    ours.save(path)
    theirs, x = loaded(path), rng.normal(size=(6, 3, 2)).astype(np.float32)
    for _ in range(2):
        wanted = [np.array(theirs(x[i : i + 2])) for i in (0, 2, 4)]
        assert_close(ours.predict(x, 2), np.concatenate(wanted))
        for model in (ours, theirs):
            model.layers[0].reset_state()
