"""Metrics with a state against NumPy, and what they refuse."""

import numpy as np
import pytest

import nnkit
from nnkit import metrics
from nnkit.layers import Dense
from nnkit.metrics import Metric

T, P = np.array([0, 0, 1, 1, 1]), np.array([0.1, 0.6, 0.4, 0.7, 0.9])


def result(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    return metric.result()


def test_areas(rng):
    """With many thresholds, the share of pairs in which the positive one is larger."""
    t, p = rng.integers(0, 2, 300), rng.uniform(size=300)
    pairs = p[t == 1][:, None] > p[t == 0]
    halves = (t[:150], p[:150]), (t[150:], p[150:])
    assert result(metrics.AUC(5000), *halves) == pytest.approx(pairs.mean(), abs=1e-4)
    low = result(metrics.AUC(50, summation_method="minoring"), *halves)
    high = result(metrics.AUC(50, summation_method="majoring"), *halves)
    assert low < result(metrics.AUC(50), *halves) < high
    order = np.argsort(-p)
    precision = np.cumsum(t[order]) / np.arange(1, 301)
    average = precision[t[order] == 1].mean()
    assert result(metrics.AUC(5000, "pr"), *halves) == pytest.approx(average, abs=0.01)


def test_counts_at_thresholds():
    thresholds = [0.65, 0.0, 0.4]
    said = np.array(thresholds)[:, None] < P
    wanted = [(s & (T == 1)).sum() / s.sum() for s in said]
    np.testing.assert_allclose(result(metrics.Precision(thresholds), (T, P)), wanted)
    np.testing.assert_array_equal(result(metrics.TruePositives(0.4), (T, P)), 2)
    np.testing.assert_array_equal(result(metrics.FalsePositives(thresholds), (T, P)), [0, 2, 1])
    np.testing.assert_array_equal(result(metrics.TrueNegatives(), (T, P), (T, P)), 2)
    np.testing.assert_array_equal(result(metrics.FalseNegatives(), (T, P, [9, 9, 3, 9, 9])), 3)


def test_before_the_first_batch():
    """Of nothing, and after a reset."""
    for metric in (metrics.AUC(), metrics.Precision(), metrics.Mean(), metrics.MeanIoU(2)):
        assert metric.result() == 0
    auc = metrics.AUC()
    assert result(auc, (T, P)) > 0
    auc.reset_state()
    assert auc.result() == 0


def test_means_and_sums():
    values, weights = np.arange(6.0).reshape(3, 2), [1, 0, 3]
    assert result(metrics.Mean(), (values, weights)) == pytest.approx((0.5 + 3 * 4.5) / 4)
    assert result(metrics.Sum(), (values, weights), (7.0,)) == 1 + 3 * 9 + 7
    assert metrics.Mean()([1.0, 2.0]) == 1.5
    with pytest.raises(ValueError, match="mean: sample_weight has shape"):
        metrics.Mean().update_state(values, [1, 2])


def test_names_are_those_of_keras():
    for name, cls in [
        ("mape", metrics.MeanAbsolutePercentageError),
        ("MSLE", metrics.MeanSquaredLogarithmicError),
        ("kld", metrics.KLDivergence),
        ("kullback_leibler_divergence", metrics.KLDivergence),
        ("cosine_similarity", metrics.CosineSimilarity),
        ("logcosh", metrics.LogCoshError),
        ("AUC", metrics.AUC),
        ("auc", metrics.AUC),
        (metrics.kl_divergence, metrics.KLDivergence),
        (nnkit.losses.poisson, metrics.Poisson),
    ]:
        assert type(metrics.get(name)) is cls
    assert metrics.LogCoshError().name == "logcosh"
    assert nnkit.losses.Huber().name == "huber_loss"
    for name in ("huber", "logcosh", "log_cosh", "KLD", "mape", "categorical_hinge"):
        assert nnkit.losses.get(name).kind == "loss"


def test_a_loss_as_a_metric_keeps_its_sign():
    """The metric CosineSimilarity is no loss; Keras's function is one."""
    metric = metrics.get(nnkit.losses.cosine_similarity)
    assert result(metric, ([[1.0, 0.0]], [[2.0, 0.0]])) == pytest.approx(-1)
    assert result(metrics.get("cosine_similarity"), ([[1.0, 0.0]], [[2.0, 0.0]])) == 1


class Stateless(Metric):
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total = 1


class NoWeights(metrics.Mean):
    def update_state(self, y_true, y_pred):
        super().update_state(y_pred)


class BadShape(Metric):
    def __init__(self, **options):
        super().__init__(**options)
        self.total = self.add_weight(name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(y_pred)


def evaluated(loss=None, outputs=3, y=None, **compiled):
    model = nnkit.Sequential([nnkit.Input((2,)), Dense(outputs)])
    model.compile("sgd", loss, **compiled)
    return model.evaluate(np.zeros((4, 2)), np.zeros((4, outputs)) if y is None else y, verbose=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(1.5), r"Precision: thresholds must .* \[0, 1\]"),
        (lambda: metrics.Recall([0.5, -1]), "Recall: thresholds must"),
        (lambda: metrics.Recall([]), "thresholds is an empty list"),
        (lambda: metrics.Precision(top_k=0), "top_k must be"),
        (lambda: metrics.AUC(1), "num_thresholds must be"),
        (lambda: metrics.AUC(curve="RCO"), "curve must be one of ROC, PR, PRGAIN, got 'RCO'"),
        (lambda: metrics.AUC(summation_method=3), "summation_method must be one of"),
        (lambda: metrics.AUC(num_labels=3), "num_labels is 3, but multi_label is False"),
        (lambda: metrics.AUC(thresholds=[2]), "thresholds must"),
        (lambda: metrics.FBetaScore(beta=0), "beta must"),
        (lambda: metrics.F1Score("mean"), "average must be one of"),
        (lambda: metrics.F1Score(threshold=0), "threshold must"),
        (lambda: metrics.IoU(2, [2]), "IoU: target_class_ids must be .* 0 to 1"),
        (lambda: metrics.PrecisionAtRecall(1.1), "recall must"),
        (lambda: metrics.R2Score("mean"), "class_aggregation must be one of"),
        (lambda: metrics.TopKCategoricalAccuracy(0), "k must be"),
        (lambda: metrics.AUC().update_state([0, 1], [[0.5, 0.5]]), "auc: targets of shape"),
        (
            lambda: metrics.F1Score().update_state(np.ones((2, 3, 4)), np.ones((2, 3, 4))),
            "f1_score",
        ),
        (
            lambda: metrics.MeanIoU(2).update_state([0, 1, 1], [0, 1]),
            "3 targets, but 2 predictions",
        ),
        (
            lambda: evaluated(metrics=[metrics.Precision(class_id=3)]),
            "class_id is 3, but there are 3",
        ),
        (lambda: evaluated(metrics=[metrics.Mean()]), "mean: Mean takes values"),
        (
            lambda: evaluated(metrics=[metrics.AUC(label_weights=[1, 2])]),
            r"label_weights .* \(3,\)",
        ),
        (lambda: evaluated(metrics=[Stateless()]), "Stateless: what update_state adds up"),
        (lambda: evaluated(weighted_metrics=[NoWeights()]), "no_weights: .* no sample_weight"),
        (lambda: evaluated(metrics=[BadShape()]), r"the state 'total' has shape \(\), got"),
        (
            lambda: evaluated("sparse_categorical_crossentropy", metrics=["AUC"], y=np.zeros(4)),
            "metric 'AUC' takes targets that are one value for every output",
        ),
        (
            lambda: evaluated(
                nnkit.losses.SparseCategoricalCrossentropy(True, ignore_class=9),
                metrics=["sparse_categorical_crossentropy"],
                y=np.full(4, 9),
            ),
            r"sparse_categorical_crossentropy: labels must .* y\[0\] is 9",
        ),
        (
            lambda: evaluated(nnkit.losses.MeanSquaredError(reduction=None)),
            "compile: the loss 'mean_squared_error' has reduction=None",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
