"""Layers under their other names, as in Keras."""

from __future__ import annotations

from nnkit.layers.average_pooling1d import AveragePooling1D
from nnkit.layers.average_pooling2d import AveragePooling2D
from nnkit.layers.average_pooling3d import AveragePooling3D
from nnkit.layers.conv1d import Conv1D
from nnkit.layers.conv1d_transpose import Conv1DTranspose
from nnkit.layers.conv2d import Conv2D
from nnkit.layers.conv2d_transpose import Conv2DTranspose
from nnkit.layers.conv3d import Conv3D
from nnkit.layers.conv3d_transpose import Conv3DTranspose
from nnkit.layers.global_average_pooling1d import GlobalAveragePooling1D
from nnkit.layers.global_average_pooling2d import GlobalAveragePooling2D
from nnkit.layers.global_average_pooling3d import GlobalAveragePooling3D
from nnkit.layers.global_max_pooling1d import GlobalMaxPooling1D
from nnkit.layers.global_max_pooling2d import GlobalMaxPooling2D
from nnkit.layers.global_max_pooling3d import GlobalMaxPooling3D
from nnkit.layers.max_pooling1d import MaxPooling1D
from nnkit.layers.max_pooling2d import MaxPooling2D
from nnkit.layers.max_pooling3d import MaxPooling3D
from nnkit.layers.separable_conv1d import SeparableConv1D
from nnkit.layers.separable_conv2d import SeparableConv2D
from nnkit.registry import former

AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
Convolution1D, Convolution1DTranspose = Conv1D, Conv1DTranspose
Convolution2DTranspose, Convolution3DTranspose = Conv2DTranspose, Conv3DTranspose
# With all sizes: nb_filter, nb_row, nb_col.
Convolution2D = former(Conv2D, "Convolution2D", "nnkit.layers")
Convolution3D = former(Conv3D, "Convolution3D", "nnkit.layers")
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D, GlobalMaxPool3D = GlobalAveragePooling3D, GlobalMaxPooling3D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = former(SeparableConv2D, "SeparableConvolution2D", "nnkit.layers")
