"""Learning rates that follow the number of the step."""

import copy
import json
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import ops, optimizers
from nnkit.callbacks import LambdaCallback, LearningRateScheduler, ReduceLROnPlateau
from nnkit.optimizers import SGD, schedules
from nnkit.saving import register

X, Y = np.random.default_rng(0).normal(size=(2, 12, 3)).astype("float32")
COSINE = schedules.CosineDecay(0.1, 7, alpha=0.1, warmup_target=0.5, warmup_steps=3)
ALL = [
    schedules.ExponentialDecay(0.1, 10, 0.5),
    schedules.ExponentialDecay(0.1, 3, 0.5, staircase=True),
    schedules.InverseTimeDecay(0.1, 1, 0.3),
    schedules.InverseTimeDecay(0.1, 4, 0.3, staircase=True),
    schedules.PiecewiseConstantDecay([3, 5], [0.3, 0.2, 0.1]),
    schedules.PolynomialDecay(0.1, 7),
    schedules.PolynomialDecay(0.1, 7, power=0.5, cycle=True),
    schedules.CosineDecay(0.1, 7, alpha=0.1),
    COSINE,
    schedules.CosineDecayRestarts(0.1, 3, alpha=0.1),
    schedules.CosineDecayRestarts(0.1, 3, t_mul=1.0, m_mul=0.5),
    schedules.CosineDecayRestarts(0.1, 3, t_mul=1.5, m_mul=0.5),
    schedules.LinearWarmup(0.2, 4, initial_learning_rate=0.1),
    schedules.LinearWarmup(COSINE, 5),
    schedules.OneCycle(0.5, 20),
    schedules.OneCycle(0.5, 2, 0.0, shape="linear"),
    schedules.SequentialSchedule([0.1, COSINE, 0.2], [3, 9]),
]


@register
class Halving(schedules.LearningRateSchedule):
    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / 2**step


@register
class Rising(schedules.LearningRateSchedule):
    """As the paper of the transformer has it."""

    def __init__(self, width, warmup_steps=4):
        self.width, self.warmup_steps = width, warmup_steps

    def __call__(self, step):
        step = ops.cast(step, "float64")
        least = ops.minimum(1 / ops.sqrt(step), step * self.warmup_steps**-1.5)
        return self.width**-0.5 * least


def network(rate, **options):
    nnkit.utils.set_random_seed(1)
    model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(3)])
    model.compile(SGD(rate, momentum=0.9), "mse", **options)
    return model


def test_all_are_listed():
    public = {getattr(schedules, name) for name in schedules.__all__}
    classes = {made for made in public if isinstance(made, type)}
    assert classes - {type(made) for made in ALL} == {schedules.LearningRateSchedule}


@pytest.mark.parametrize("schedule", [*ALL, Halving(0.5), Rising(16)], ids=str)
def test_a_rate_is_a_function_of_the_step(schedule):
    """Whatever the window in which it is looked up, to the last bit."""
    whole = schedule.rates(0, 40)
    assert whole.shape == (40,)
    for first in range(40):
        for count in (1, 3, 40 - first):
            window = schedule.rates(first, count)[: 40 - first]
            np.testing.assert_array_equal(window, whole[first : first + count])
    config = json.loads(json.dumps(schedules.serialize(schedule)))
    for other in (schedules.deserialize(config), copy.deepcopy(schedule)):
        assert other.get_config() == schedule.get_config()
        np.testing.assert_array_equal(other.rates(0, 40), whole)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(schedule)).rates(0, 40), whole)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (schedules.LinearWarmup(0.4, 4), [0, 0.1, 0.2, 0.3, 0.4, 0.4]),
        (schedules.OneCycle(0.5, 5, 0.6, 5.0, 2.0, "linear"), [0.1, 0.3, 0.5, 0.275, 0.05, 0.05]),
        (schedules.SequentialSchedule([0.1, Halving(0.5)], [2]), [0.1, 0.1, 0.5, 0.25, 0.125]),
        (schedules.CosineDecayRestarts(0.4, 2, t_mul=3.0), [0.4, 0.2, 0.4]),
    ],
)
def test_rates(schedule, rates):
    np.testing.assert_allclose(schedule.rates(0, len(rates)), rates, rtol=1e-12)


def test_restarts_are_exact():
    """A logarithm that is rounded down would put them a step too late."""
    schedule = schedules.CosineDecayRestarts(1.0, 5, t_mul=3.0)
    begins = [5 * (3**i - 1) // 2 for i in range(12)]
    np.testing.assert_array_equal([schedule(begin) for begin in begins], 1.0)


@pytest.mark.parametrize("schedule", [COSINE, Halving(0.5), ALL[-1]], ids=str)
@pytest.mark.parametrize("eager", [False, True])
def test_steps_have_their_rates(schedule, eager):
    """Against steps whose rate is set from outside."""
    model, other = network(schedule, run_eagerly=eager), network(0.0)
    model.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0)
    for step in range(12):
        assert model.optimizer.schedule.rates(step, 1)[0] == float(schedule(step))
        other.optimizer.learning_rate = float(schedule(step))
        rows = slice(step % 6 * 2, step % 6 * 2 + 2)
        other.train_on_batch(X[rows], Y[rows])
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.optimizer.iterations == 12
    assert model.optimizer.learning_rate == float(schedule(12))


@pytest.mark.parametrize("schedule", [COSINE, Halving(0.5), ALL[-1]], ids=str)
def test_training_goes_on_after_a_file(schedule, tmp_path):
    whole, begun = network(schedule), network(schedule)
    whole.fit(X, Y, batch_size=2, epochs=3, verbose=0)
    begun.fit(X, Y, batch_size=2, epochs=1, verbose=0)
    begun.save(tmp_path / "model.h5")
    loaded = nnkit.load_model(tmp_path / "model.h5")
    assert loaded.optimizer.get_config() == begun.optimizer.get_config()
    hook = LambdaCallback(on_batch_end=lambda batch, logs: None)  # Each step by itself.
    loaded.fit(X, Y, batch_size=2, epochs=3, initial_epoch=1, verbose=0, callbacks=[hook])
    for a, b in zip(loaded.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_python_is_asked_once_for_each_step():
    asked = []

    class Counting(schedules.LearningRateSchedule):
        def __call__(self, step):
            asked.append(int(step))
            return 0.1

    network(Counting()).fit(X, Y, batch_size=2, epochs=3, verbose=0)
    assert asked == list(range(18))


def test_a_schedule_is_not_set_to_a_number():
    model = network(COSINE)
    with pytest.raises(TypeError, match=r"follows CosineDecay, so it can't be set to 0\.1; set an"):
        model.optimizer.learning_rate = 0.1
    with pytest.raises(TypeError, match="follows CosineDecay"):
        model.optimizer.learning_rate.assign(0.1)
    model.optimizer.learning_rate = schedules.ExponentialDecay(0.3, 1, 0.5)
    assert model.optimizer.learning_rate == 0.3
    fixed = network(0.2)
    fixed.optimizer.learning_rate = COSINE
    assert fixed.optimizer.learning_rate == COSINE(0)


@pytest.mark.parametrize(
    "callback", [LearningRateScheduler(lambda epoch: 0.1), ReduceLROnPlateau("loss")]
)
def test_callbacks_that_set_the_rate_refuse(callback):
    model = network(COSINE)
    before = model.get_weights()
    with pytest.raises(TypeError, match="sets the learning rate, which follows CosineDecay in"):
        model.fit(X, Y, verbose=0, callbacks=[callback])
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


class Wrong(schedules.LearningRateSchedule):
    def __init__(self, given):
        self.given = given

    def __call__(self, step):
        return 0.1 if step < 2 else self.given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (-1.0, r"Wrong: the learning rate of step 2 is -1\.0; it must be a finite number"),
        (np.nan, "step 2 is nan"),
        (np.inf, "step 2 is inf"),
        ("much", "Wrong: the learning rate of step 2 must be a number, got 'much'"),
        (None, "step 2 must be a number, got None"),
    ],
)
def test_what_is_no_rate(given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        network(Wrong(given)).fit(X, Y, batch_size=2, verbose=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), r"decay_steps must be a number in \(0,"),
        (lambda: schedules.ExponentialDecay(-0.1, 1, 0.5), "initial_learning_rate must be"),
        (lambda: schedules.ExponentialDecay(0.1, 1, 0.5, stairs=True), "did you mean 'staircase'"),
        (lambda: schedules.PiecewiseConstantDecay([1, 2], [1, 2]), "got 2 for 2"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 2, 3]), "in increasing order"),
        (lambda: schedules.CosineDecayRestarts(0.1, 3, t_mul=0.5), r"t_mul must be .*\[1, inf\)"),
        (lambda: schedules.LinearWarmup(0.1, 0), "warmup_steps must be"),
        (lambda: schedules.LinearWarmup("fast", 3), "learning_rate must be a number"),
        (lambda: schedules.OneCycle(0.1, 10, shape="sine"), "one of cosine, linear"),
        (lambda: schedules.SequentialSchedule([], []), "a list of schedules"),
        (lambda: schedules.SequentialSchedule([0.1, 0.2], []), "got 2 for 0"),
        (lambda: schedules.get("cosine"), "unknown schedule 'cosine'"),
        (lambda: schedules.LearningRateSchedule()(3), "must define __call__"),
        (lambda: SGD(lambda step: 0.1), r"derive from nnkit\.optimizers\.schedules\.LearningRateS"),
        (lambda: SGD({"class_name": "Cosine", "config": {}}), "unknown schedule 'Cosine'"),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_learning_rate_is_a_number_and_a_variable():
    optimizer = optimizers.Adam(0.25)
    rate = optimizer.learning_rate
    assert isinstance(rate, float)
    assert (rate, rate * 2, f"{rate:g}", json.dumps(rate)) == (0.25, 0.5, "0.25", "0.25")
    assert rate.numpy() == 0.25
    rate.assign(0.125)
    assert optimizer.learning_rate == optimizer.get_config()["learning_rate"] == 0.125
    with pytest.raises(ValueError, match="learning_rate must be"):
        rate.assign(-1)
    optimizer.learning_rate *= 2
    assert optimizer.learning_rate == 0.25
    twin = pickle.loads(pickle.dumps((rate, optimizer)))
    assert type(twin[0]) is float
    assert twin[1].learning_rate == 0.25
