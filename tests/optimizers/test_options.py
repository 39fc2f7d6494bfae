"""What every optimizer can do: average weights, gather several batches, exclude from decay."""

import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit.callbacks import LambdaCallback
from nnkit.layers import Dense, Embedding, Flatten
from nnkit.optimizers import SGD, Adagrad, Adam, AdamW, Muon, Nadam, Optimizer

X, Y = np.random.default_rng(0).normal(size=(2, 12, 3)).astype("float32")


def network(optimizer, **options):
    nnkit.utils.set_random_seed(1)
    model = nnkit.Sequential([nnkit.Input((3,)), Dense(4, name="hidden"), Dense(3, name="last")])
    model.compile(optimizer, "mse", **options)
    return model


def assert_same(one, two):
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def assert_close(one, two):
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def averages(model):
    return model.optimizer_slots()["average"]


# ------------------------------------------------------------------------------------ averages


def test_weights_become_their_averages_at_the_end_of_fit():
    model, plain = network(SGD(0.1, use_ema=True, ema_momentum=0.8)), network(SGD(0.1))
    expected = None
    for step in range(6):
        rows = slice(2 * step, 2 * step + 2)
        plain.train_on_batch(X[rows], Y[rows])
        now = plain.get_weights()
        before = now if expected is None else expected
        expected = [0.8 * a + 0.2 * b for a, b in zip(before, now, strict=True)]
    model.fit(X, Y, batch_size=2, shuffle=False, verbose=0)
    assert_close(model.get_weights(), expected)
    assert_same(model.get_weights(), averages(model))


def test_they_do_not_on_batches():
    model, plain = network(SGD(0.1, use_ema=True)), network(SGD(0.1))
    for each in (model, plain):
        each.train_on_batch(X, Y)
        each.train_on_batch(X, Y)
    assert_same(model.get_weights(), plain.get_weights())


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_they_do_if_fit_ends_by_an_error(error):
    def fail(batch, logs):
        if batch == 3:
            raise error

    model = network(Adam(0.1, use_ema=True))
    ended = []
    hooks = LambdaCallback(on_batch_end=fail, on_train_end=lambda logs: ended.append(1))
    with pytest.raises(error):
        model.fit(X, Y, batch_size=2, verbose=0, callbacks=[hooks])
    assert ended == [1]
    assert_same(model.get_weights(), averages(model))


def test_without_a_step_weights_stay():
    """There is no average yet, whatever was assigned since."""
    model = network(SGD(0.1, use_ema=True))
    model.optimizer_slots()
    model.set_weights([w + 1 for w in model.get_weights()])
    before = model.get_weights()
    model.fit(X, Y, epochs=0, verbose=0)
    assert_same(model.get_weights(), before)


def test_averages_are_saved_and_copied(tmp_path):
    model = network(Adam(0.1, use_ema=True, ema_overwrite_frequency=2))
    model.fit(X, Y, batch_size=2, verbose=0)
    model.save(tmp_path / "model.h5")
    others = nnkit.load_model(tmp_path / "model.h5"), copy.deepcopy(model)
    others += (pickle.loads(pickle.dumps(model)),)
    for each in (model, *others):
        each.fit(X, Y, batch_size=2, epochs=3, initial_epoch=1, verbose=0)
        assert_same(each.get_weights(), model.get_weights())
        assert_same(averages(each), averages(model))


def test_an_average_may_be_wanted_later():
    model = network(SGD(0.1, momentum=0.9))
    model.fit(X, Y, batch_size=2, verbose=0)
    momentum = copy.deepcopy(model.optimizer_slots()["momentum"])
    model.optimizer.use_ema = True
    assert_same(model.optimizer_slots()["momentum"], momentum)
    model.fit(X, Y, batch_size=2, verbose=0)
    assert_same(model.get_weights(), averages(model))


# ------------------------------------------------------------------------------ several batches


class Python(Optimizer):
    """One of door 1."""

    slots = ("momentum",)

    def update(self, gradients, parameters, slots, rate, iteration):
        slots["momentum"] += gradients * iteration[0]
        parameters -= (rate * slots["momentum"]).astype(parameters.dtype)


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: SGD(0.1, momentum=0.9, clipnorm=0.5, **options),
        lambda **options: Nadam(0.1, weight_decay=0.1, **options),
        lambda **options: Muon(0.1, **options),
        lambda **options: Python(0.1, **options),
    ],
)
@pytest.mark.parametrize("eager", [False, True])
def test_several_batches_are_one_large_one(make, eager):
    parts = network(make(gradient_accumulation_steps=3), run_eagerly=eager)
    whole = network(make())
    parts.fit(X, Y, batch_size=2, shuffle=False, epochs=2, verbose=0)
    whole.fit(X, Y, batch_size=6, shuffle=False, epochs=2, verbose=0)
    assert_close(parts.get_weights(), whole.get_weights())
    assert parts.optimizer.iterations == whole.optimizer.iterations == 4
    assert parts.optimizer.steps_done == 12


def test_weights_wait_for_the_last_batch():
    model = network(Adam(0.1, gradient_accumulation_steps=3))
    before = model.get_weights()
    slots = copy.deepcopy(model.optimizer_slots())
    model.fit(X[:4], Y[:4], batch_size=2, verbose=0)
    assert_same(model.get_weights(), before)
    assert_same(model.optimizer_slots()["velocity"], slots["velocity"])
    model.train_on_batch(X[4:6], Y[4:6])
    assert all((a != b).any() for a, b in zip(model.get_weights(), before, strict=True))


@pytest.mark.parametrize("optimizer", [SGD(0.5), Adagrad(0.5)])
def test_rows_of_a_table_that_only_an_earlier_batch_used(optimizer, rng):
    ids, y = np.arange(6).reshape(6, 1), rng.normal(size=(6, 4))
    weights = []
    for options, batch in (({"gradient_accumulation_steps": 3}, 2), ({}, 6)):
        nnkit.utils.set_random_seed(1)
        model = nnkit.Sequential([nnkit.Input((1,)), Embedding(8, 4), Flatten()])
        made = type(optimizer).from_config(optimizer.get_config() | options)
        model.compile(made, "mse")
        model.fit(ids, y, batch_size=batch, shuffle=False, epochs=3, verbose=0)
        weights.append(model.get_weights())
    assert_close(*weights)


# ----------------------------------------------------------------------------------- exclusions


def decayed(optimizer, *given, **options):
    """Which weights a step changes by decay alone."""
    model = network(optimizer)
    if given or options:
        optimizer.exclude_from_weight_decay(*(f(model) for f in given), **options)
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    model.train_on_batch(np.zeros((2, 3)), model.predict(np.zeros((2, 3))))
    return [bool((w != 1).any()) for w in model.get_weights()]


def test_what_is_excluded_does_not_decay():
    assert decayed(AdamW(0.1)) == [True, True, True, True]
    assert decayed(AdamW(0.1), var_names=["bias"]) == [True, False, True, False]
    assert decayed(AdamW(0.1), lambda m: [m.layers[1].kernel]) == [True, True, False, True]
    both = decayed(SGD(0.1, weight_decay=0.1), lambda m: [m.layers[0].bias], var_names=["^kern"])
    assert both == [False, False, False, True]
    assert decayed(Muon(0.1, adam_weight_decay=None)) == [True, False, True, False]
    assert decayed(Muon(0.1, weight_decay=None, exclude_layers=["last"])) == [
        False,
        True,
        True,
        True,
    ]


def test_an_exclusion_takes_effect_at_once_and_is_saved(tmp_path):
    model = network(AdamW(0.1, 0.5))
    model.fit(X, Y, batch_size=4, verbose=0)
    model.optimizer.exclude_from_weight_decay([model.layers[1].kernel], ["bias"])
    model.save(tmp_path / "model.h5")
    others = nnkit.load_model(tmp_path / "model.h5"), copy.deepcopy(model)
    forgotten = nnkit.load_model(tmp_path / "model.h5")
    forgotten.optimizer.exclude_from_weight_decay()
    for each in (model, forgotten, *others):
        each.fit(X, Y, batch_size=4, epochs=2, initial_epoch=1, verbose=0)
    for each in others:
        assert_same(each.get_weights(), model.get_weights())
    assert all(
        (a != b).any() for a, b in zip(forgotten.get_weights(), model.get_weights(), strict=True)
    )


# ------------------------------------------------------------------------------------ variables


def test_variables():
    optimizer = Adam(0.25)
    assert [v.path for v in optimizer.variables] == ["adam/iteration", "adam/learning_rate"]
    model = network(optimizer)
    model.fit(X, Y, batch_size=4, verbose=0)
    iteration, rate, *slots = optimizer.variables
    assert (int(iteration), float(rate), iteration.dtype) == (3, 0.25, "int64")
    assert [(v.path, v.shape) for v in slots[:3]] == [
        ("hidden/kernel/momentum", (3, 4)),
        ("hidden/kernel/velocity", (3, 4)),
        ("hidden/bias/momentum", (4,)),
    ]
    assert len(slots) == 8
    assert_same(slots[1::2], model.optimizer_slots()["velocity"])
    for variable in optimizer.variables:  # As scripts do to begin anew.
        variable.assign(np.zeros(variable.shape))
    assert (optimizer.iterations, optimizer.learning_rate) == (0, 0.0)
    assert not any(slot.any() for slot in model.optimizer_slots()["momentum"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adam(use_ema=1), "use_ema must be True or False"),
        (lambda: Adam(ema_momentum=2), r"ema_momentum must be a number in \[0, 1\]"),
        (lambda: Adam(ema_overwrite_frequency=0), "ema_overwrite_frequency must be"),
        (lambda: Adam(gradient_accumulation_steps=1), "accumulation_steps must be .* from 2"),
        (lambda: Adam(loss_scale_factor=0), "loss_scale_factor must be"),
        (lambda: AdamW(weight_decay=None), "AdamW: weight_decay must be a number"),
        (lambda: Muon(exclude_layers="last"), "exclude_layers must be a list of strings"),
        (lambda: Muon(exclude_layers=["("]), "which is no regular expression"),
        (lambda: Adam().exclude_from_weight_decay(var_names="bias"), "var_names must be a list"),
        (lambda: Adam().exclude_from_weight_decay(["bias"]), "var_list has weights, such as"),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_no_epsilon_is_the_usual_one():
    assert Adam(epsilon=None).epsilon == Adagrad(epsilon=None).epsilon == 1e-7
