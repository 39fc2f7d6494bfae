"""nnkit through ``fit``."""

import math

import nnkit
from benchmarks.networks import CLASSES, FRAMES, LENGTH, NETWORKS, TOKENS, WIDTH, WORDS
from nnkit.layers import (
    GRU,
    LSTM,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Conv3D,
    ConvLSTM2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GroupNormalization,
    LayerNormalization,
    MaxPooling2D,
    MaxPooling3D,
    MultiHeadAttention,
    ReLU,
    Residual,
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


def points():
    return [nnkit.Input((4,)), Dense(32, "tanh"), Dense(16, "tanh")]


def relu_lenet():
    return [
        nnkit.Input((28, 28, 1)),
        *(Conv2D(6, 5, activation="relu"), MaxPooling2D(2)),
        *(Conv2D(16, 5, activation="relu"), MaxPooling2D(2)),
        *(Flatten(), Dense(120, "relu"), Dense(84, "relu")),
    ]


def six():
    layers = [nnkit.Input((32, 32, 3))]
    for filters in (32, 64, 128):
        layers += [Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
        layers.append(MaxPooling2D(2))
    return [*layers, Flatten(), Dense(256, "relu")]


def resnet():
    def normalized(filters, strides=1):
        convolution = Conv2D(filters, 3, strides, padding="same", use_bias=False)
        return convolution, BatchNormalization()

    layers = [nnkit.Input((32, 32, 3)), *normalized(16), ReLU()]
    for filters in (16, 32, 64):
        for block in range(3):
            strides = 2 if block == 0 and filters > 16 else 1
            inner = [*normalized(filters, strides), ReLU(), *normalized(filters)]
            shortcut = [Conv2D(filters, 1, 2, use_bias=False)] if strides == 2 else ()
            layers.append(Residual(inner, shortcut, activation="relu"))
    return [*layers, GlobalAveragePooling2D()]


def mobile():
    layers = [nnkit.Input((32, 32, 3)), Conv2D(32, 3, padding="same"), BatchNormalization(), ReLU()]
    for filters, strides in ((64, 1), (128, 2), (128, 1), (256, 2)):
        layers += [DepthwiseConv2D(3, strides, "same", use_bias=False), BatchNormalization()]
        layers += [ReLU(), Conv2D(filters, 1, use_bias=False), BatchNormalization(), ReLU()]
    return [*layers, GlobalAveragePooling2D()]


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


class Encoder(nnkit.layers.Layer):
    """One layer of a transformer's encoder (A. Vaswani et al., 2017), normalized afterwards."""

    def __init__(self):
        super().__init__()
        self.attention = MultiHeadAttention(4, WIDTH // 4)
        self.wide, self.narrow = Dense(4 * WIDTH, "relu"), Dense(WIDTH)
        self.first, self.second = LayerNormalization(), LayerNormalization()

    def call(self, x):
        x = self.first(x + self.attention(x, x))
        return self.second(x + self.narrow(self.wide(x)))


def encoder():
    return [nnkit.Input((TOKENS, WIDTH)), Encoder(), GlobalAveragePooling1D()]


class Trainer:
    def __init__(self, name):
        self.batch, points = NETWORKS[name].batch, NETWORKS[name].data == "points"
        last = Dense(4) if points else Dense(CLASSES, activation="softmax")
        self.model = nnkit.Sequential([*globals()[name](), last])
        loss = "mse" if points else "sparse_categorical_crossentropy"
        self.model.compile(nnkit.optimizers.Adam(0.001), loss)

    def load(self, x, y):
        self.x, self.y = x, y

    def train(self, epochs):
        self.model.fit(self.x, self.y, batch_size=self.batch, epochs=epochs, verbose=0)

    def loss(self):
        return float(self.model.evaluate(self.x, self.y, verbose=0))

    def flops(self):
        """Of a step: forward, and backward to the weights and, but for the first, the inputs."""
        forward = [
            2 * self.batch * _uses(layer) * sum(w.size for w in layer.own_variables if w.ndim > 1)
            for layer in self.model.walk()
            if not isinstance(layer, Embedding)
        ]
        forward = [count for count in forward if count]
        if any(isinstance(layer, MultiHeadAttention) for layer in self.model.walk()):
            forward.append(2 * self.batch * 2 * TOKENS * TOKENS * WIDTH)
        return 3 * sum(forward) - forward[0]


def _uses(layer):
    """How often a layer uses each of its weights for a sample."""
    if isinstance(layer, (GRU, LSTM, ConvLSTM2D)):
        return layer.input_shape[1] * math.prod(layer.output_shape[1:-1])
    return math.prod(layer.output_shape[1:-1])
