"""Keras on JAX, its fastest backend here, through ``fit``."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np


class Keras:
    def __init__(self, case, weights):
        self.case = case
        layers = [keras.layers.Dense(n, activation=case.activation) for n in case.hidden]
        layers += [keras.layers.Dense(case.sizes[-1], activation="softmax")]
        self.model = keras.Sequential([keras.Input((case.inputs,)), *layers])
        self.model.set_weights(weights)
        optimizer = getattr(keras.optimizers, case.optimizer)(learning_rate=case.rate)
        self.model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")

    def load(self, x, y):
        self.x, self.y = x, y

    def train(self, epochs):
        self.model.fit(
            self.x,
            self.y,
            batch_size=self.case.batch,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            verbose=0,
        )

    def weights(self):
        return self.model.get_weights()

    def predictors(self):
        return {
            "keras predict": lambda x: self.model.predict(x, verbose=0),
            "keras model(x)": lambda x: np.asarray(self.model(x)),
        }
