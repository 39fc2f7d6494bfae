"""Models in scikit-learn's cross-validation, searches and pipelines, as Keras 2 and 3 had them."""

import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense
from nnkit.wrappers import SKLearnClassifier, SKLearnRegressor
from nnkit.wrappers.scikit_learn import KerasClassifier, KerasRegressor

X = np.random.RandomState(0).normal(size=(60, 4)).astype("float32")
NUMBERS = X @ np.float32([1, -2, 0, 1])
LABELS = np.where(NUMBERS > 0, "up", "down")
THREE = np.digitize(NUMBERS, [-1, 1])


def classes(units=8, rate=0.05, outputs=1, loss="binary_crossentropy"):
    nnkit.utils.set_random_seed(1)
    last = Dense(outputs, activation="sigmoid" if outputs == 1 else "softmax")
    model = nnkit.Sequential([Dense(units, activation="tanh", input_dim=4), last])
    model.compile(nnkit.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def numbers(units=8):
    nnkit.utils.set_random_seed(1)
    model = nnkit.Sequential([nnkit.Input((4,)), Dense(units, "tanh"), Dense(1)])
    model.compile(nnkit.optimizers.Adam(0.01), "mse")
    return model


class Making:
    def __call__(self, units=8):
        return classes(units)


class Own(KerasClassifier):
    def __call__(self, units=8):
        return classes(units)


@pytest.mark.parametrize(
    "make",
    [lambda **o: KerasClassifier(classes, **o), lambda **o: KerasClassifier(Making(), **o), Own],
    ids=["function", "object", "own"],
)
def test_forms_of_build_fn(make):
    classifier = make(units=5, epochs=40, verbose=0)
    history = classifier.fit(X, LABELS)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert classifier.model.layers[0].units == 5
    assert list(classifier.classes_) == ["down", "up"]
    found = classifier.predict(X)
    assert set(found) == {"down", "up"}
    assert classifier.score(X, LABELS) == pytest.approx(np.mean(found == LABELS))
    np.testing.assert_allclose(classifier.predict_proba(X).sum(1), 1, 1e-6)
    again = pickle.loads(pickle.dumps(classifier)) if make is Own else copy.deepcopy(classifier)
    np.testing.assert_array_equal(again.predict(X), found)


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
@pytest.mark.parametrize("y", [THREE, THREE + 7, np.eye(3)[THREE]], ids=["0", "7", "rows"])
def test_three_classes(loss, y):
    if y.ndim == 2 and loss.startswith("sparse"):
        y = THREE[:, None]
    classifier = KerasClassifier(classes, outputs=3, loss=loss, nb_epoch=3, verbose=0)
    classifier.fit(X, y)
    labels = y.argmax(1) if y.ndim == 2 and y.shape[1] == 3 else y.reshape(-1)
    assert classifier.score(X, y) == pytest.approx(np.mean(classifier.predict(X) == labels))
    assert len(classifier.model.history.epoch) == 3


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"'unit' is neither .*; did you mean 'units'"):
        KerasClassifier(classes, unit=3)
    with pytest.raises(ValueError, match=r"'epoch' is neither .*; did you mean 'epochs'"):
        KerasRegressor(numbers).set_params(epoch=3)
    with pytest.raises(ValueError, match=r"y is .n,. or .n, classes."):
        KerasClassifier(classes).fit(X, np.zeros((60, 2, 2)))
    with pytest.raises(ValueError, match="needs build_fn"):
        KerasRegressor()
    classifier = KerasClassifier(classes, verbose=0)
    classifier.fit(X, LABELS)
    with pytest.raises(ValueError, match="'left' was not among the labels of fit"):
        classifier.score(X, ["left"] * 60)


def test_without_scikit_learn(monkeypatch):
    import importlib
    import sys

    from nnkit.wrappers import bases

    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    assert bases._base("BaseEstimator")() is not None
    importlib.reload(bases)


# ------------------------------------------------------------------------------ scikit-learn's own


@pytest.fixture
def sklearn():
    found = pytest.importorskip("sklearn")
    pytest.importorskip("sklearn.model_selection")
    return found


def test_clone_and_parameters(sklearn):
    from sklearn.base import clone, is_classifier, is_regressor

    classifier = KerasClassifier(build_fn=classes, units=5, batch_size=4)
    twin = clone(classifier)
    assert twin.get_params() == {"build_fn": classes, "units": 5, "batch_size": 4}
    assert twin.set_params(units=6, build_fn=Making()) is twin
    assert classifier.get_params()["units"] == 5
    assert is_classifier(classifier)
    assert is_regressor(KerasRegressor(numbers))
    assert is_classifier(SKLearnClassifier(classes()))
    assert "units=5" in repr(classifier)


def test_a_search(sklearn):
    from sklearn.model_selection import GridSearchCV

    classifier = KerasClassifier(build_fn=classes, verbose=0)
    grid = {"units": [2, 8], "epochs": [30], "rate": [0.05]}
    search = GridSearchCV(estimator=classifier, param_grid=grid, cv=3)
    found = search.fit(X, LABELS)
    assert found.best_score_ > 0.6
    assert found.best_params_["units"] in (2, 8)
    assert found.predict(X).shape == (60,)


def test_a_pipeline_and_folds(sklearn):
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    regressor = KerasRegressor(build_fn=numbers, epochs=60, batch_size=10, verbose=0)
    line = Pipeline([("scale", StandardScaler()), ("mlp", regressor)])
    scores = cross_val_score(line, X, NUMBERS, cv=KFold(n_splits=3))
    assert scores.shape == (3,)
    assert (scores > -np.var(NUMBERS)).all()
    line.set_params(mlp__epochs=2).fit(X, NUMBERS)
    assert line.predict(X).shape == (60,)
    classifier = KerasClassifier(build_fn=classes, epochs=30, verbose=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=1)
    assert cross_val_score(classifier, X, LABELS, cv=folds).mean() > 0.6


def test_keras_3s_estimators(sklearn):
    from sklearn.model_selection import cross_val_score

    model = classes(outputs=3, loss="categorical_crossentropy")
    before = model.get_weights()
    classifier = SKLearnClassifier(model, fit_kwargs={"epochs": 40, "verbose": 0})
    assert cross_val_score(classifier, X, THREE, cv=3).mean() > 0.5
    np.testing.assert_array_equal(model.get_weights()[0], before[0])

    def make(x, y, units):
        return numbers(units)

    regressor = SKLearnRegressor(make, True, {"units": 3}, {"epochs": 30, "verbose": 0})
    first = regressor.fit(X, NUMBERS).history_.history["loss"][-1]
    assert regressor.fit(X, NUMBERS).history_.history["loss"][-1] < first
    assert regressor.predict(X).shape == (60,)
    assert regressor.score(X, NUMBERS) > 0
