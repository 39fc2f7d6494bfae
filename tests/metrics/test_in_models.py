"""Metrics as parts of models: recorded and in Python, by several workers, weighted and masked."""

import copy
import functools
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import metrics, ops
from nnkit.engine import program
from nnkit.layers import Dense
from nnkit.metrics import Metric
from tests.layers.catalogue import METRICS, again

ROWS, BATCH = 23, 7  # Three whole batches and a smaller one.


def alone(metric, y_true, y_pred, weights=None):
    """What a metric gives outside of a model."""
    metric.update_state(y_true, y_pred, weights)
    return metric.result()


def identity(**compiled):
    """A model whose predictions are its inputs."""
    model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Activation("linear")])
    model.compile("sgd", **compiled)
    return model


@pytest.fixture
def many_workers(monkeypatch):
    eager = functools.partial(program.choose_workers, share=1e-6)
    monkeypatch.setattr("nnkit.engine.cpu.choose_workers", lambda tape, share: eager(tape))
    nnkit.config.set_num_threads(3)
    yield
    nnkit.config.set_num_threads(None)


@pytest.mark.parametrize("case", METRICS, ids=str)
@pytest.mark.usefixtures("many_workers")
def test_a_model_gives_what_the_metric_gives_alone(case, rng):
    x, y = case.outputs(rng, ROWS), case.targets(rng, ROWS)
    weights = rng.integers(0, 4, ROWS)
    for eager in (False, True):
        weighted = again(case.metric, name="weighted")
        model = identity(
            metrics=[again(case.metric)], weighted_metrics=[weighted], run_eagerly=eager
        )
        for _ in range(2):  # The first time some steps run in Python.
            logs = model.evaluate(x, y, BATCH, 0, weights, return_dict=True)
            expected = alone(again(case.metric), y, x), alone(again(case.metric), y, x, weights)
            np.testing.assert_allclose(logs[case.metric.name], expected[0], 1e-5, 1e-6)
            np.testing.assert_allclose(logs["weighted"], expected[1], 1e-5, 1e-6)


class Keras(Metric):
    """The example of Keras's documentation, in NumPy."""

    def __init__(self, name="binary_true_positives", **options):
        super().__init__(name=name, **options)
        self.true_positives = self.add_weight(shape=(), initializer="zeros", name="tp")

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = (y_true == 1) & (y_pred > 0.5)
        if sample_weight is not None:
            values = values * sample_weight[:, None]
        self.true_positives.assign_add(values.sum())

    def result(self):
        return self.true_positives


class Late(Metric):
    """Makes its state for the first batch, and begins an epoch with something else than zeros."""

    direction = "min"

    def update_state(self, y_true, y_pred):
        if not self.variables:
            self.least = self.add_weight((y_pred.shape[-1],), "ones", name="least")
        self.least.assign(np.minimum(self.least, y_pred.min(axis=0)))

    def result(self):
        return self.least.numpy()

    def reset_state(self):
        for state in self.variables:
            state.assign(np.inf)


class Deviation(metrics.Mean):
    """A mean of values of one's own."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(np.abs(y_true - y_pred).max(axis=-1), sample_weight)


class Expression(Metric):
    """A number for each row, as an expression."""

    def call(self, y_true, y_pred):
        return ops.max(ops.abs(y_true - y_pred), axis=-1)


class Kernels(Metric):
    """A state that kernels add to."""

    recordable = True

    def build(self, output_shape):
        self.state = self.add_weight((2,))

    def update(self, y_true, y_pred, weights):
        nnkit.launch.accumulate_weighted(weights, weights, self.state.value)

    def result(self):
        return self.state.numpy()[1]


def trained(weights=None, **compiled):
    nnkit.utils.set_random_seed(4)
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(ROWS, 3)), rng.integers(0, 2, (ROWS, 2))
    model = nnkit.Sequential([nnkit.Input((3,)), Dense(2, activation="sigmoid")])
    model.compile("sgd", "mse", **compiled)
    model.fit(x, y, BATCH, 3, verbose=0, validation_data=(x, y), sample_weight=weights)
    return model, x, y


class ByOps(Keras):
    """The same with functions of nnkit.ops, whose results are compared by ==."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "bool")
        values = ops.logical_and(ops.equal(y_true, True), ops.greater(y_pred, 0.5))
        same = ops.cast(y_pred > 0.5, "int32") == ops.cast(y_true, "int32")
        values = ops.cast(values, "float32") * same
        if sample_weight is not None:
            values = ops.multiply(values, ops.reshape(sample_weight, (-1, 1)))
        self.true_positives.assign_add(ops.sum(values))

    def result(self):
        return ops.square(ops.sqrt(self.true_positives.numpy()))


OWN = [Keras, ByOps, Late, Deviation, Expression, Kernels]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("cls", OWN)
def test_metrics_of_ones_own(cls, eager):
    model, x, y = trained(metrics=[cls(), "mae"], run_eagerly=eager)
    name = cls().name
    y_pred = model.predict(x)
    found = model.history.history[f"val_{name}"]
    assert len(found) == 3
    expected = {
        Keras: ((y == 1) & (y_pred > 0.5)).sum(),
        ByOps: ((y == 1) & (y_pred > 0.5)).sum(),
        Late: y_pred.min(axis=0),
        Deviation: np.abs(y - y_pred).max(axis=-1).mean(),
        Expression: np.abs(y - y_pred).max(axis=-1).mean(),
        Kernels: ROWS,
    }[cls]
    np.testing.assert_allclose(found[-1], expected, 1e-5)
    logs = model.evaluate(x, y, 4, 0, return_dict=True)
    np.testing.assert_allclose(logs[name], expected, 1e-5)
    batch = model.test_on_batch(x[:5], y[:5], return_dict=True)
    assert np.shape(batch[name]) == np.shape(expected)
    again_there = model.evaluate(x, y, 23, 0, return_dict=True)
    np.testing.assert_allclose(again_there[name], expected, 1e-5)


def test_weights_of_ones_own():
    weights = np.arange(ROWS) % 3
    model, x, y = trained(weights, metrics=[Keras()], weighted_metrics=[Keras("w"), Deviation("d")])
    logs = model.evaluate(x, y, BATCH, 0, weights, return_dict=True)
    y_pred = model.predict(x)
    hits = (y == 1) & (y_pred > 0.5)
    assert logs["binary_true_positives"] == hits.sum()
    assert logs["w"] == (hits * weights[:, None]).sum()
    errors = np.abs(y - y_pred).max(axis=-1)
    np.testing.assert_allclose(logs["d"], errors @ weights / weights.sum(), 1e-5)


def test_labels_come_as_they_were_given():
    shapes = []

    class Looks(Keras):
        def update_state(self, y_true, y_pred, sample_weight=None):
            shapes.append((y_true.shape, y_true.dtype.kind, y_pred.shape))

    model = nnkit.Sequential([nnkit.Input((3,)), Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[Looks()])
    x, y = np.zeros((5, 3)), np.arange(5) % 4
    model.evaluate(x, y, verbose=0)
    model.evaluate(x, y[:, None], verbose=0)
    assert shapes[-1] == ((5, 1), "i", (5, 4))
    assert ((5,), "i", (5, 4)) in shapes


def test_evaluation_within_an_epoch_changes_no_state():
    """A callback that evaluates leaves the sums of the training as they are."""

    class Evaluates(nnkit.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.evaluate(np.ones((3, 3)), np.ones((3, 2)), verbose=0)

    names = {"metrics": [metrics.AUC(), Keras(), metrics.F1Score(threshold=0.5)]}
    plain, x, y = trained(**names)
    model, *_ = trained(metrics=[again(m) for m in names["metrics"]])
    nnkit.utils.set_random_seed(4)
    model = nnkit.Sequential([nnkit.Input((3,)), Dense(2, activation="sigmoid")])
    model.compile("sgd", "mse", metrics=[again(m) for m in names["metrics"]])
    model.fit(x, y, BATCH, 3, verbose=0, validation_data=(x, y), callbacks=[Evaluates()])
    for name, values in plain.history.history.items():
        np.testing.assert_array_equal(model.history.history[name], values, name)


def test_several_outputs_and_copies():
    """Each output has a metric of its own; a metric of another model is copied."""
    auc = metrics.AUC(name="auc")
    inputs = nnkit.Input((3,))
    outputs = [Dense(1, "sigmoid", name=n)(inputs) for n in "ab"]
    model = nnkit.Model(inputs, outputs)
    model.compile("sgd", "mse", metrics=[[auc], [auc]])
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(ROWS, 3)), [rng.integers(0, 2, ROWS) for _ in "ab"]
    logs = model.evaluate(x, y, BATCH, 0, return_dict=True)
    for name, t, p in zip("ab", y, model.predict(x), strict=True):
        assert logs[f"{name}_auc"] == pytest.approx(alone(metrics.AUC(), t, p))
    other = nnkit.Sequential([nnkit.Input((3,)), Dense(1)])
    other.compile("sgd", "mse", metrics=[auc])
    assert other.session().objective.metrics[0] is not auc


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_have_a_state_of_their_own(copied):
    for metric in (metrics.AUC(), Keras(), metrics.MeanSquaredError(), metrics.LogCoshError()):
        metric.update_state(np.array([[0.0], [1.0]]), np.array([[0.2], [0.9]]))
        before = metric.result() if metric.name != "binary_true_positives" else 1.0
        twin = copied(metric)
        assert float(twin.result()) == before
        twin.update_state(np.array([[0.0], [1.0]]), np.array([[0.9], [0.8]]))
        twin.update_state(np.array([[0.0], [1.0]]), np.array([[0.9], [0.8]]))
        assert float(twin.result()) != before
        assert float(metric.result()) == before


def test_vectors_in_logs(tmp_path, capsys):
    """History, progress and files take a result that is an array."""
    logger = nnkit.callbacks.CSVLogger(tmp_path / "log.csv")
    stops = nnkit.callbacks.EarlyStopping("val_f1_score", patience=9, mode="max")
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(ROWS, 3)), rng.integers(0, 2, (ROWS, 2))
    model = nnkit.Sequential([nnkit.Input((3,)), Dense(2, activation="sigmoid")])
    model.compile("sgd", "mse", metrics=[metrics.F1Score(threshold=0.5)])
    for verbose in (1, 2):
        model.fit(x, y, epochs=2, verbose=verbose, callbacks=[logger], validation_split=0.5)
    assert np.shape(model.history.history["val_f1_score"]) == (2, 2)
    assert "f1_score" in capsys.readouterr().out
    assert model.history._repr_html_()
    assert "f1_score" in (tmp_path / "log.csv").read_text()
    with pytest.raises(ValueError, match=r"val_f1_score.* is an array"):
        model.fit(x, y, epochs=2, verbose=0, callbacks=[stops], validation_split=0.5)


@pytest.mark.parametrize("eager", [False, True])
def test_masks_and_ignored_classes(eager, rng):
    """Masked steps and ignored labels count in no metric."""
    x = rng.normal(size=(6, 5, 3))
    x[rng.uniform(size=(6, 5)) < 0.4] = 0.0
    y = rng.integers(-1, 4, (6, 5))
    model = nnkit.Sequential(
        [
            nnkit.Input((5, 3)),
            nnkit.layers.Masking(),
            nnkit.layers.TimeDistributed(Dense(4, "softmax")),
        ]
    )
    sparse = metrics.SparseCategoricalCrossentropy
    model.compile(
        "sgd",
        nnkit.losses.SparseCategoricalCrossentropy(ignore_class=-1),
        metrics=[
            sparse(ignore_class=-1, name="ce"),
            metrics.MeanIoU(4, name="iou", sparse_y_pred=False),
        ],
        run_eagerly=eager,
    )
    p = model.predict(x)
    counts = x.any(axis=-1) & (y >= 0)
    each = -np.log(np.take_along_axis(p, np.maximum(y, 0)[..., None], -1)[..., 0])
    logs = model.evaluate(x, y, 6, 0, return_dict=True)
    np.testing.assert_allclose(logs["loss"], each[counts].mean(), 1e-5)
    np.testing.assert_allclose(logs["ce"], each[counts].mean(), 1e-5)
    matrix = np.zeros((4, 4))
    np.add.at(matrix, (y[counts], p.argmax(-1)[counts]), 1)
    hits = np.diag(matrix)
    np.testing.assert_allclose(
        logs["iou"], (hits / (matrix.sum(0) + matrix.sum(1) - hits)).mean(), 1e-5
    )
