"""nnkit through ``fit``."""

import nnkit
from benchmarks.networks import BATCH, CLASSES, FRAMES, LENGTH, WIDTH, WORDS
from nnkit.layers import (
    GRU,
    LSTM,
    AveragePooling2D,
    Conv2D,
    Conv3D,
    ConvLSTM2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GroupNormalization,
    MaxPooling2D,
    MaxPooling3D,
    ReLU,
    SeparableConv2D,
)


def lenet():
    return [
        nnkit.Input((28, 28, 1)),
        Conv2D(6, 5, padding="same", activation="tanh"),
        AveragePooling2D(2),
        Conv2D(16, 5, activation="tanh"),
        AveragePooling2D(2),
        Flatten(),
        Dense(120, activation="tanh"),
        Dense(84, activation="tanh"),
    ]


def convolutional():
    return [
        nnkit.Input((28, 28, 1)),
        Conv2D(32, 3, activation="relu"),
        MaxPooling2D(2),
        Conv2D(64, 3, activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dropout(0.5),
    ]


def lstm():
    return [nnkit.Input((28, 28)), LSTM(128)]


def gru():
    return [nnkit.Input((28, 28)), GRU(128)]


def conv3d():
    return [
        nnkit.Input((FRAMES, 28, 28, 1)),
        Conv3D(16, 3, activation="relu"),
        MaxPooling3D(2),
        Conv3D(32, 3, activation="relu"),
        GlobalAveragePooling3D(),
    ]


def separable():
    return [
        nnkit.Input((28, 28, 1)),
        Conv2D(32, 3, activation="relu"),
        SeparableConv2D(64, 3, activation="relu"),
        MaxPooling2D(2),
        SeparableConv2D(128, 3, activation="relu"),
        GlobalAveragePooling2D(),
    ]


def convlstm():
    return [
        nnkit.Input((FRAMES, 28, 28, 1)),
        ConvLSTM2D(16, 3, padding="same"),
        GlobalAveragePooling2D(),
    ]


def group_norm():
    return [
        nnkit.Input((28, 28, 1)),
        *(Conv2D(32, 3), GroupNormalization(8), ReLU()),
        MaxPooling2D(2),
        *(Conv2D(64, 3), GroupNormalization(8), ReLU()),
        GlobalAveragePooling2D(),
    ]


def text():
    return [nnkit.Input((LENGTH,)), Embedding(WORDS, WIDTH), GlobalAveragePooling1D()]


class Trainer:
    def __init__(self, name):
        layers = [*globals()[name](), Dense(CLASSES, activation="softmax")]
        self.model = nnkit.Sequential(layers)
        self.model.compile(nnkit.optimizers.Adam(0.001), "sparse_categorical_crossentropy")

    def load(self, x, y):
        self.x, self.y = x, y

    def train(self, epochs):
        self.model.fit(self.x, self.y, batch_size=BATCH, epochs=epochs, verbose=0)

    def loss(self):
        return float(self.model.evaluate(self.x, self.y, verbose=0))
