"""Layers, one class a file."""

from typing import TYPE_CHECKING

from nnkit.layers.base import Layer
from nnkit.layers.descriptions import deserialize, serialize
from nnkit.layers.input import Input, InputLayer
from nnkit.layers.input_spec import InputSpec
from nnkit.layers.lambda_layer import Lambda  # What functions become must be there.
from nnkit.missing import missing

if TYPE_CHECKING:
    from nnkit.layers.activation import Activation
    from nnkit.layers.activity_regularization import ActivityRegularization
    from nnkit.layers.adaptive_average_pooling1d import AdaptiveAveragePooling1D
    from nnkit.layers.adaptive_average_pooling2d import AdaptiveAveragePooling2D
    from nnkit.layers.adaptive_average_pooling3d import AdaptiveAveragePooling3D
    from nnkit.layers.adaptive_max_pooling1d import AdaptiveMaxPooling1D
    from nnkit.layers.adaptive_max_pooling2d import AdaptiveMaxPooling2D
    from nnkit.layers.adaptive_max_pooling3d import AdaptiveMaxPooling3D
    from nnkit.layers.add_layer import Add
    from nnkit.layers.added_loss import AddedLoss as _AddedLoss  # noqa: F401
    from nnkit.layers.additive_attention import AdditiveAttention
    from nnkit.layers.alpha_dropout import AlphaDropout
    from nnkit.layers.attention import Attention
    from nnkit.layers.average_layer import Average
    from nnkit.layers.average_pooling1d import AveragePooling1D
    from nnkit.layers.average_pooling2d import AveragePooling2D
    from nnkit.layers.average_pooling3d import AveragePooling3D
    from nnkit.layers.batch_normalization import BatchNormalization
    from nnkit.layers.bidirectional import Bidirectional
    from nnkit.layers.category_encoding import CategoryEncoding
    from nnkit.layers.center_crop import CenterCrop
    from nnkit.layers.concatenate_layer import Concatenate
    from nnkit.layers.conv1d import Conv1D
    from nnkit.layers.conv1d_transpose import Conv1DTranspose
    from nnkit.layers.conv2d import Conv2D
    from nnkit.layers.conv2d_transpose import Conv2DTranspose
    from nnkit.layers.conv3d import Conv3D
    from nnkit.layers.conv3d_transpose import Conv3DTranspose
    from nnkit.layers.conv_lstm1d import ConvLSTM1D
    from nnkit.layers.conv_lstm2d import ConvLSTM2D
    from nnkit.layers.conv_lstm3d import ConvLSTM3D
    from nnkit.layers.cropping1d import Cropping1D
    from nnkit.layers.cropping2d import Cropping2D
    from nnkit.layers.cropping3d import Cropping3D
    from nnkit.layers.dense import Dense
    from nnkit.layers.depthwise_conv1d import DepthwiseConv1D
    from nnkit.layers.depthwise_conv2d import DepthwiseConv2D
    from nnkit.layers.discretization import Discretization
    from nnkit.layers.dot_layer import Dot
    from nnkit.layers.drawn import Drawn as _Drawn  # noqa: F401
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
    from nnkit.layers.global_average_pooling3d import GlobalAveragePooling3D
    from nnkit.layers.global_max_pooling1d import GlobalMaxPooling1D
    from nnkit.layers.global_max_pooling2d import GlobalMaxPooling2D
    from nnkit.layers.global_max_pooling3d import GlobalMaxPooling3D
    from nnkit.layers.group_normalization import GroupNormalization
    from nnkit.layers.gru import GRU
    from nnkit.layers.gru_cell import GRUCell
    from nnkit.layers.hard_sigmoid import HardSigmoid
    from nnkit.layers.hashing import Hashing
    from nnkit.layers.identity import Identity
    from nnkit.layers.integer_lookup import IntegerLookup
    from nnkit.layers.layer_normalization import LayerNormalization
    from nnkit.layers.leaky_relu import LeakyReLU
    from nnkit.layers.log_softmax import LogSoftmax
    from nnkit.layers.lstm import LSTM
    from nnkit.layers.lstm_cell import LSTMCell
    from nnkit.layers.mask_of import MaskOf as _MaskOf  # noqa: F401
    from nnkit.layers.masking import Masking
    from nnkit.layers.max_pooling1d import MaxPooling1D
    from nnkit.layers.max_pooling2d import MaxPooling2D
    from nnkit.layers.max_pooling3d import MaxPooling3D
    from nnkit.layers.maximum_layer import Maximum
    from nnkit.layers.merge_functions import (
        add,
        average,
        concatenate,
        dot,
        maximum,
        merge,
        minimum,
        multiply,
        subtract,
    )
    from nnkit.layers.minimum_layer import Minimum
    from nnkit.layers.mish import Mish
    from nnkit.layers.multi_head_attention import MultiHeadAttention
    from nnkit.layers.multiply_layer import Multiply
    from nnkit.layers.normalization import Normalization
    from nnkit.layers.other_names import (
        AvgPool1D,
        AvgPool2D,
        AvgPool3D,
        Convolution1D,
        Convolution1DTranspose,
        Convolution2D,
        Convolution2DTranspose,
        Convolution3D,
        Convolution3DTranspose,
        GlobalAvgPool1D,
        GlobalAvgPool2D,
        GlobalAvgPool3D,
        GlobalMaxPool1D,
        GlobalMaxPool2D,
        GlobalMaxPool3D,
        MaxPool1D,
        MaxPool2D,
        MaxPool3D,
        SeparableConvolution1D,
        SeparableConvolution2D,
    )
    from nnkit.layers.parallel import Parallel
    from nnkit.layers.permute import Permute
    from nnkit.layers.prelu import PReLU
    from nnkit.layers.random_brightness import RandomBrightness
    from nnkit.layers.random_contrast import RandomContrast
    from nnkit.layers.random_crop import RandomCrop
    from nnkit.layers.random_flip import RandomFlip
    from nnkit.layers.random_rotation import RandomRotation
    from nnkit.layers.random_translation import RandomTranslation
    from nnkit.layers.random_zoom import RandomZoom
    from nnkit.layers.relu import ReLU
    from nnkit.layers.repeat_vector import RepeatVector
    from nnkit.layers.rescaling import Rescaling
    from nnkit.layers.reshape import Reshape
    from nnkit.layers.residual import Residual
    from nnkit.layers.resizing_layer import Resizing
    from nnkit.layers.rms_normalization import RMSNormalization
    from nnkit.layers.rnn import RNN
    from nnkit.layers.selu import SELU
    from nnkit.layers.separable_conv1d import SeparableConv1D
    from nnkit.layers.separable_conv2d import SeparableConv2D
    from nnkit.layers.sigmoid import Sigmoid
    from nnkit.layers.silu import SiLU
    from nnkit.layers.simple_rnn import SimpleRNN
    from nnkit.layers.simple_rnn_cell import SimpleRNNCell
    from nnkit.layers.softmax import Softmax
    from nnkit.layers.softplus import Softplus
    from nnkit.layers.softsign import Softsign
    from nnkit.layers.spatial_dropout1d import SpatialDropout1D
    from nnkit.layers.spatial_dropout2d import SpatialDropout2D
    from nnkit.layers.spatial_dropout3d import SpatialDropout3D
    from nnkit.layers.spectral_normalization import SpectralNormalization
    from nnkit.layers.stacked_rnn_cells import StackedRNNCells
    from nnkit.layers.string_lookup import StringLookup
    from nnkit.layers.subtract_layer import Subtract
    from nnkit.layers.tanh import Tanh
    from nnkit.layers.text_vectorization import TextVectorization
    from nnkit.layers.time_distributed import TimeDistributed
    from nnkit.layers.unit_normalization import UnitNormalization
    from nnkit.layers.up_sampling1d import UpSampling1D
    from nnkit.layers.up_sampling2d import UpSampling2D
    from nnkit.layers.up_sampling3d import UpSampling3D
    from nnkit.layers.wrapper import Wrapper
    from nnkit.layers.zero_padding1d import ZeroPadding1D
    from nnkit.layers.zero_padding2d import ZeroPadding2D
    from nnkit.layers.zero_padding3d import ZeroPadding3D

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Exponential",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "HardSigmoid",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LogSoftmax",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
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
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Residual",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Softplus",
    "Softsign",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "Tanh",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "merge",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__, "layer")
