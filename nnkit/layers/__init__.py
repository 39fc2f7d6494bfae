"""Layers, one class a file."""

from nnkit.layers.activation import Activation
from nnkit.layers.activity_regularization import ActivityRegularization
from nnkit.layers.add_layer import Add
from nnkit.layers.added_loss import AddedLoss as _AddedLoss  # noqa: F401  (found by name)
from nnkit.layers.additive_attention import AdditiveAttention
from nnkit.layers.alpha_dropout import AlphaDropout
from nnkit.layers.attention import Attention
from nnkit.layers.average_layer import Average
from nnkit.layers.average_pooling1d import AveragePooling1D
from nnkit.layers.average_pooling2d import AveragePooling2D
from nnkit.layers.base import Layer
from nnkit.layers.batch_normalization import BatchNormalization
from nnkit.layers.bidirectional import Bidirectional
from nnkit.layers.category_encoding import CategoryEncoding
from nnkit.layers.concatenate_layer import Concatenate
from nnkit.layers.conv1d import Conv1D
from nnkit.layers.conv2d import Conv2D
from nnkit.layers.conv2d_transpose import Conv2DTranspose
from nnkit.layers.dense import Dense
from nnkit.layers.depthwise_conv2d import DepthwiseConv2D
from nnkit.layers.discretization import Discretization
from nnkit.layers.dot_layer import Dot
from nnkit.layers.dropout import Dropout
from nnkit.layers.einsum_dense import EinsumDense
from nnkit.layers.elu import ELU
from nnkit.layers.embedding import Embedding
from nnkit.layers.exponential import Exponential
from nnkit.layers.flatten import Flatten
from nnkit.layers.gaussian_dropout import GaussianDropout
from nnkit.layers.gaussian_noise import GaussianNoise
from nnkit.layers.gelu import GELU
from nnkit.layers.global_average_pooling1d import GlobalAveragePooling1D
from nnkit.layers.global_average_pooling2d import GlobalAveragePooling2D
from nnkit.layers.global_max_pooling1d import GlobalMaxPooling1D
from nnkit.layers.global_max_pooling2d import GlobalMaxPooling2D
from nnkit.layers.group_normalization import GroupNormalization
from nnkit.layers.gru import GRU
from nnkit.layers.hard_sigmoid import HardSigmoid
from nnkit.layers.hashing import Hashing
from nnkit.layers.identity import Identity
from nnkit.layers.input import Input, InputLayer
from nnkit.layers.integer_lookup import IntegerLookup
from nnkit.layers.lambda_layer import Lambda
from nnkit.layers.layer_normalization import LayerNormalization
from nnkit.layers.leaky_relu import LeakyReLU
from nnkit.layers.log_softmax import LogSoftmax
from nnkit.layers.lstm import LSTM
from nnkit.layers.mask_of import MaskOf as _MaskOf  # noqa: F401
from nnkit.layers.masking import Masking
from nnkit.layers.max_pooling1d import MaxPooling1D
from nnkit.layers.max_pooling2d import MaxPooling2D
from nnkit.layers.maximum_layer import Maximum
from nnkit.layers.merge_functions import (
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from nnkit.layers.minimum_layer import Minimum
from nnkit.layers.mish import Mish
from nnkit.layers.multi_head_attention import MultiHeadAttention
from nnkit.layers.multiply_layer import Multiply
from nnkit.layers.normalization import Normalization
from nnkit.layers.operation import Operation as _Operation  # noqa: F401
from nnkit.layers.parallel import Parallel
from nnkit.layers.permute import Permute
from nnkit.layers.prelu import PReLU
from nnkit.layers.relu import ReLU
from nnkit.layers.repeat_vector import RepeatVector
from nnkit.layers.rescaling import Rescaling
from nnkit.layers.reshape import Reshape
from nnkit.layers.residual import Residual
from nnkit.layers.rms_normalization import RMSNormalization
from nnkit.layers.selu import SELU
from nnkit.layers.sigmoid import Sigmoid
from nnkit.layers.silu import SiLU
from nnkit.layers.simple_rnn import SimpleRNN
from nnkit.layers.softmax import Softmax
from nnkit.layers.softplus import Softplus
from nnkit.layers.softsign import Softsign
from nnkit.layers.spatial_dropout1d import SpatialDropout1D
from nnkit.layers.spatial_dropout2d import SpatialDropout2D
from nnkit.layers.spatial_dropout3d import SpatialDropout3D
from nnkit.layers.spectral_normalization import SpectralNormalization
from nnkit.layers.string_lookup import StringLookup
from nnkit.layers.subtract_layer import Subtract
from nnkit.layers.tanh import Tanh
from nnkit.layers.text_vectorization import TextVectorization
from nnkit.layers.time_distributed import TimeDistributed
from nnkit.layers.unit_normalization import UnitNormalization
from nnkit.layers.up_sampling1d import UpSampling1D
from nnkit.layers.up_sampling2d import UpSampling2D
from nnkit.layers.wrapper import Wrapper
from nnkit.layers.zero_padding1d import ZeroPadding1D
from nnkit.layers.zero_padding2d import ZeroPadding2D

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "SELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution1D",
    "Convolution2D",
    "Convolution2DTranspose",
    "Dense",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Exponential",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "HardSigmoid",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "IntegerLookup",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LogSoftmax",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Mish",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Parallel",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Residual",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "Softmax",
    "Softplus",
    "Softsign",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StringLookup",
    "Subtract",
    "Tanh",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

# Aliases, as in Keras.
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
Convolution1D, Convolution2D, Convolution2DTranspose = Conv1D, Conv2D, Conv2DTranspose
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
