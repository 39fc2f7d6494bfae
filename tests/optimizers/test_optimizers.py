"""Ten steps with each optimizer: against plain NumPy, and against Keras 3.15.1."""

import json

import numpy as np
import pytest

from nnkit import optimizers
from nnkit.engine.variable import Storage, Variable
from nnkit.optimizers import SGD, Adafactor, Adam, Lamb, Muon, Nadam, RMSprop
from tests.reference import updates

START = [np.array([0.5, -1.0, 2.0]), np.array([[0.0]])]
GRADIENTS = [
    [np.sin(1.3 * t + np.arange(3)) * (1 + np.arange(3)), np.sin([[1.3 * t + 3]]) * 4]
    for t in range(10)
]

# What Keras's optimizers make of START by GRADIENTS.
KERAS = [
    (SGD(0.1), [0.514921, -1.038173, 1.893363, -0.077298]),
    (SGD(0.1, momentum=0.9), [0.104426, -1.911782, 1.708806, 1.404011]),
    (SGD(0.1, momentum=0.9, nesterov=True), [0.158905, -1.858777, 1.631289, 1.186312]),
    (Adam(0.1), [0.293377, -1.282682, 1.87567, 0.089717]),
    (Adam(0.1, beta_2=0.5), [0.305222, -1.29125, 1.867744, 0.077491]),
    (Adam(0.1, beta_2=0.5, amsgrad=True), [0.321078, -1.279823, 1.877689, 0.07126]),
    (Adam(0.1, weight_decay=0.1), [0.258788, -1.166265, 1.695363, 0.086314]),
    (RMSprop(0.1), [0.382715, -1.219651, 1.871134, -0.167501]),
    (RMSprop(0.1, momentum=0.5), [0.09294, -1.501745, 1.840803, -0.159896]),
    (RMSprop(0.1, centered=True), [0.349136, -1.260538, 1.856979, -0.156243]),
    (RMSprop(0.1, momentum=0.5, centered=True), [0.025873, -1.583243, 1.812439, -0.137363]),
    (SGD(0.1, clipnorm=1.0), [0.492059, -1.021752, 1.988564, -0.026388]),
    (SGD(0.1, clipvalue=0.5), [0.496578, -1.010028, 2.097005, -0.01994]),
    (SGD(0.1, global_clipnorm=1.0), [0.505584, -1.012746, 1.962588, -0.028411]),
]


class Problem:
    """Weights in a storage, and what an optimizer remembers for them."""

    def __init__(self, optimizer, values=START, dtype="float64", frozen=()):
        self.optimizer = optimizer
        variables = [Variable(v.astype(dtype), "w") for v in [*values, *frozen]]
        self.variables = variables
        self.storage = Storage(variables, len(values))
        self.slots = optimizer.new_slots(self.storage)
        self.steps = 0

    def step(self, gradients, rate=None):
        for variable, gradient in zip(self.storage.trainable_variables, gradients, strict=True):
            variable.gradient[...] = gradient
        self.optimizer.steps_done = self.steps
        self.steps += 1
        rate = self.optimizer.learning_rate if rate is None else rate
        self.optimizer.apply(self.storage, self.slots, np.array([rate]), np.array([self.steps]))

    def weights(self):
        return np.concatenate([v.value.reshape(-1) for v in self.variables])


@pytest.mark.parametrize(("optimizer", "expected"), KERAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ten_steps_as_keras(optimizer, expected, dtype):
    problem = Problem(optimizer, dtype=dtype)
    for gradients in GRADIENTS:
        problem.step(gradients)
    np.testing.assert_allclose(problem.weights(), expected, atol=3e-6)
    assert problem.storage.values.dtype == dtype


@pytest.mark.parametrize(
    ("optimizer", "formula", "slots"),
    [
        (SGD(0.1), lambda g, t, p: updates.sgd(g, 0.1, p), 0),
        (
            SGD(0.1, momentum=0.9, nesterov=True),
            lambda g, t, *s: updates.sgd_momentum(g, 0.1, 0.9, True, *s),
            1,
        ),
        (Adam(0.1), lambda g, t, *s: updates.adam(g, 0.1, t, 0.9, 0.999, 1e-7, *s), 2),
        (
            Adam(0.1, beta_2=0.5, amsgrad=True),
            lambda g, t, *s: updates.adam_amsgrad(g, 0.1, t, 0.9, 0.5, 1e-7, *s),
            3,
        ),
        (RMSprop(0.1), lambda g, t, *s: updates.rmsprop(g, 0.1, 0.9, 1e-7, *s), 1),
        (
            RMSprop(0.1, momentum=0.5, centered=True),
            lambda g, t, *s: updates.rmsprop_momentum(g, 0.1, 0.9, 0.5, 1e-7, True, *s),
            3,
        ),
    ],
)
def test_ten_steps_as_numpy(optimizer, formula, slots):
    problem = Problem(optimizer)
    state = [np.zeros(4)] * slots + [np.concatenate([w.reshape(-1) for w in START])]
    for t, gradients in enumerate(GRADIENTS, 1):
        problem.step(gradients)
        state = formula(np.concatenate([g.reshape(-1) for g in gradients]), t, *state)
        np.testing.assert_allclose(problem.weights(), state[-1], rtol=1e-11)


HOSTILE = [(), (1,), (5,), (1, 1), (3, 1), (1, 4), (4, 3), (2, 3, 4), (3, 2, 2, 5), (70, 90)]


def matrices(g, t, m, v, p):
    if g.ndim != 2:
        return updates.adam(g, 0.1, t, 0.9, 0.999, 1e-7, m, v, p)
    scale = 0.2 * np.sqrt(max(g.shape))
    m, p = updates.muon(g, 0.1, 0.95, True, 3.4445, -4.775, 2.0315, 5, scale, m, p)
    return m, v, p


@pytest.mark.parametrize(
    ("optimizer", "formula", "slots"),
    [
        (Lamb(0.1), lambda g, t, *s: updates.lamb(g, 0.1, t, 0.9, 0.999, 1e-7, *s), 2),
        (
            Adafactor(0.5, clip_threshold=0.5),
            lambda g, t, *s: updates.adafactor(g, 0.5, t, -0.8, 1e-30, 1e-3, 0.5, *s),
            3,
        ),
        (Muon(0.1, weight_decay=None, adam_weight_decay=None), matrices, 2),
        (Nadam(0.1), lambda g, t, *s: updates.nadam(g, 0.1, t, 0.9, 0.999, 1e-7, *s), 2),
    ],
)
def test_ten_steps_of_hostile_shapes_as_numpy(optimizer, formula, slots, rng):
    """Those that know of each weight's shape, and one that doesn't."""
    values = [rng.normal(size=shape) for shape in HOSTILE]
    values[2][...] = 0  # A norm of 0.
    problem = Problem(optimizer, values)
    states = [(0.0,) * slots + (value,) for value in values]
    for t in range(1, 11):
        gradients = [rng.normal(size=shape) for shape in HOSTILE]
        problem.step(gradients)
        states = [formula(g, t, *s) for g, s in zip(gradients, states, strict=True)]
        for variable, state in zip(problem.variables, states, strict=True):
            np.testing.assert_allclose(variable.value, state[-1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_norms_of_long_gradients(rng, dtype):
    values = [np.zeros(10_000), np.zeros((70, 90))]
    gradients = [rng.normal(size=v.shape) for v in values]
    problem = Problem(SGD(1.0, clipnorm=2.0), values, dtype)
    problem.step(gradients)
    for variable in problem.variables:
        assert np.linalg.norm(variable.value) == pytest.approx(2, rel=1e-5)
    problem = Problem(SGD(1.0, global_clipnorm=2.0), values, dtype)
    problem.step(gradients)
    assert np.linalg.norm(problem.weights()) == pytest.approx(2, rel=1e-5)


@pytest.mark.parametrize("name", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_small_gradients_are_not_clipped(name):
    clipped, plain = Problem(SGD(0.1, **{name: 1e3})), Problem(SGD(0.1))
    for problem in (clipped, plain):
        problem.step(GRADIENTS[3])
    np.testing.assert_array_equal(clipped.weights(), plain.weights())


def test_frozen_weights_stay():
    problem = Problem(SGD(0.1, weight_decay=0.5), frozen=[np.array([7.0])])
    problem.step(GRADIENTS[0])
    assert problem.weights()[-1] == 7
    assert problem.weights()[0] != 0.5


def test_the_rate_is_that_of_the_step():
    problem = Problem(SGD(0.1))
    problem.step(GRADIENTS[1], rate=0.0)
    np.testing.assert_array_equal(problem.weights(), Problem(SGD(0.1)).weights())


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (SGD(), ()),
        (SGD(momentum=0.9), ("momentum",)),
        (Adam(), ("momentum", "velocity")),
        (Adam(amsgrad=True), ("momentum", "velocity", "velocity_hat")),
        (RMSprop(), ("velocity",)),
        (RMSprop(momentum=0.9), ("velocity", "momentum")),
        (RMSprop(centered=True), ("velocity", "average_gradient")),
        (RMSprop(momentum=0.9, centered=True), ("velocity", "momentum", "average_gradient")),
    ],
)
def test_slots_have_keras_names(optimizer, slots):
    assert optimizer.slots == slots


@pytest.mark.parametrize(
    ("name", "rate"), [("sgd", 0.01), ("SGD", 0.01), ("adam", 0.001), ("rmsprop", 0.001)]
)
def test_names_and_default_rates(name, rate):
    optimizer = optimizers.get(name)
    assert (optimizer.learning_rate, optimizer.iterations) == (rate, 0)
    assert optimizer.name == name.lower()


@pytest.mark.parametrize("optimizer", [optimizer for optimizer, _ in KERAS])
def test_configs(optimizer):
    config = json.loads(json.dumps(optimizer.get_config()))
    again = optimizers.get({"class_name": type(optimizer).__name__, "config": config})
    assert again.get_config() == config
    assert again.hyperparameters() == optimizer.hyperparameters()


def test_config_has_the_current_rate():
    optimizer = Adam()
    optimizer.learning_rate = 0.5
    assert optimizer.get_config()["learning_rate"] == 0.5


def test_hyperparameters_are_what_a_record_holds():
    optimizer = Adam()
    before = optimizer.hyperparameters()
    hash(before)
    optimizer.learning_rate = 0.5
    assert optimizer.hyperparameters() == before
    optimizer.beta_1 = 0.5
    assert optimizer.hyperparameters() != before
    assert SGD().hyperparameters() != SGD(clipnorm=1).hyperparameters()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), r"SGD: learning_rate must be a number in \[0, inf\), got -0.1"),
        (lambda: SGD(float("nan")), "learning_rate must be"),
        (lambda: SGD("0.1"), "learning_rate must be"),
        (lambda: SGD(lambda step: 0.1), "LearningRateScheduler"),
        (lambda: SGD(momentum=1.5), "momentum must be"),
        (lambda: SGD(nesterov=1), "nesterov must be True or False"),
        (lambda: SGD(clipnorm=0), r"clipnorm must be a number in \(0, inf\)"),
        (lambda: SGD(clipnorm=1, clipvalue=2), "one kind of clipping .* clipnorm=1, clipvalue=2"),
        (lambda: Adam(beta_1=1), r"beta_1 must be a number in \[0, 1\)"),
        (lambda: Adam(amsgard=True), "did you mean 'amsgrad'"),
        (lambda: RMSprop(epsilon=0), r"epsilon must be a number in \(0, inf\)"),
        (lambda: optimizers.get("rmsporp"), "did you mean 'rmsprop'"),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_the_rate_is_checked_when_set():
    with pytest.raises(ValueError, match="learning_rate"):
        SGD().learning_rate = -1


def test_an_optimizer_of_ones_own():
    class SignSGD(optimizers.Optimizer):
        def update(self, gradients, parameters, slots, rate, iteration):
            parameters -= rate * np.sign(gradients)

    problem = Problem(SignSGD(0.1))
    problem.step([np.array([1.0, -2.0, 0.0]), np.array([[3.0]])])
    np.testing.assert_allclose(problem.weights(), [0.4, -0.9, 2.0, -0.1])
