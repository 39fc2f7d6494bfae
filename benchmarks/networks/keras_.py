"""Keras on JAX through ``fit``; the layers are those of nnkit's module, by the same names."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras

from benchmarks.networks import CLASSES, FRAMES, LENGTH, NETWORKS, WIDTH, WORDS

layers = keras.layers


def lenet():
    return [
        keras.Input((28, 28, 1)),
        layers.Conv2D(6, 5, padding="same", activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),
        layers.Dense(84, activation="tanh"),
    ]


def convolutional():
    return [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
    ]


def lstm():
    return [keras.Input((28, 28)), layers.LSTM(128)]


def gru():
    return [keras.Input((28, 28)), layers.GRU(128)]


def conv3d():
    return [
        keras.Input((FRAMES, 28, 28, 1)),
        layers.Conv3D(16, 3, activation="relu"),
        layers.MaxPooling3D(2),
        layers.Conv3D(32, 3, activation="relu"),
        layers.GlobalAveragePooling3D(),
    ]


def separable():
    return [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.SeparableConv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.SeparableConv2D(128, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
    ]


def convlstm():
    return [
        keras.Input((FRAMES, 28, 28, 1)),
        layers.ConvLSTM2D(16, 3, padding="same"),
        layers.GlobalAveragePooling2D(),
    ]


def group_norm():
    return [
        keras.Input((28, 28, 1)),
        *(layers.Conv2D(32, 3), layers.GroupNormalization(8), layers.ReLU()),
        layers.MaxPooling2D(2),
        *(layers.Conv2D(64, 3), layers.GroupNormalization(8), layers.ReLU()),
        layers.GlobalAveragePooling2D(),
    ]


def text():
    return [
        keras.Input((LENGTH,)),
        layers.Embedding(WORDS, WIDTH),
        layers.GlobalAveragePooling1D(),
    ]


class Trainer:
    def __init__(self, name):
        self.batch = NETWORKS[name].batch
        self.model = keras.Sequential(
            [*globals()[name](), layers.Dense(CLASSES, activation="softmax")]
        )
        self.model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")

    def load(self, x, y):
        self.x, self.y = x, y

    def train(self, epochs):
        self.model.fit(self.x, self.y, batch_size=self.batch, epochs=epochs, verbose=0)

    def loss(self):
        return float(self.model.evaluate(self.x, self.y, verbose=0))
