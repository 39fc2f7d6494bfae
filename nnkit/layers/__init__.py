"""Layers, one class a file."""

from nnkit.layers.activation import Activation
from nnkit.layers.base import Layer
from nnkit.layers.dense import Dense
from nnkit.layers.dropout import Dropout
from nnkit.layers.flatten import Flatten
from nnkit.layers.input import Input, InputLayer
from nnkit.layers.lambda_layer import Lambda
from nnkit.layers.relu import ReLU
from nnkit.layers.rescaling import Rescaling
from nnkit.layers.reshape import Reshape
from nnkit.layers.sigmoid import Sigmoid
from nnkit.layers.softmax import Softmax
from nnkit.layers.tanh import Tanh

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
