"""nnkit through ``fit``, so that all the Python around a step counts."""

import numpy as np

import nnkit
from nnkit.layers import Dense, Rescaling, Softmax


class Nnkit:
    first = ()  # Layers before the first Dense.

    def __init__(self, case, weights):
        self.case = case
        layers = [nnkit.Input((case.inputs,)), *self.first]
        layers += [Dense(n, activation=case.activation) for n in case.hidden]
        self.model = nnkit.Sequential([*layers, Dense(case.sizes[-1]), Softmax()])
        self.model.set_weights(weights)
        optimizer = getattr(nnkit.optimizers, case.optimizer)(learning_rate=case.rate)
        self.model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
        self.model.training_state = {"seed": 0}  # The orders of Case.order.

    def load(self, x, y):
        self.x, self.y = x, y

    def train(self, epochs, verbose=0, callbacks=()):
        return self.model.fit(
            self.x,
            self.y,
            batch_size=self.case.batch,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            verbose=verbose,
            callbacks=callbacks,
        )

    def weights(self):
        return self.model.get_weights()

    def predictors(self):
        return {"nnkit predict": self.model.predict, "nnkit model(x)": self.model}


class NnkitBytes(Nnkit):
    """The same images as bytes, a quarter of the memory, read in place."""

    def __init__(self, case, weights):
        self.first = (Rescaling(1 / 255),)
        super().__init__(case, weights)

    def load(self, x, y):
        super().load(np.rint(x * 255).astype(np.uint8), y)
