"""scikit-learn's MLPClassifier; ``partial_fit`` on all data is one epoch in batches."""

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.cases import BETA_1, BETA_2, CLASSES, EPSILON


class Sklearn:
    def __init__(self, case, weights):
        self.model = MLPClassifier(
            case.hidden,
            activation=case.activation,
            solver=case.optimizer.lower(),
            alpha=0,
            batch_size=case.batch,
            learning_rate_init=case.rate,
            momentum=0,
            nesterovs_momentum=False,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
            random_state=0,
        )
        # Weights exist from the first fit on. Theirs are replaced, and its optimizer is forgotten.
        classes = np.arange(CLASSES)
        self.model.set_params(batch_size=1)
        self.model.partial_fit(np.zeros((1, case.inputs), np.float32), [0], classes=classes)
        self.model.set_params(batch_size=case.batch)
        ours = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        for array, weight in zip((a for pair in ours for a in pair), weights, strict=True):
            array[...] = weight
        del self.model._optimizer
        self.model.t_ = 0

    def load(self, x, y):
        self.x, self.y = x, y

    def train(self, epochs):
        for _ in epochs:
            self.model.partial_fit(self.x, self.y)

    def weights(self):
        ours = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [array for pair in ours for array in pair]

    def predictors(self):
        return {"scikit-learn": self.model.predict_proba}
