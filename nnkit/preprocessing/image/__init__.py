"""Images, read and transformed: Keras 2's ``preprocessing.image``."""

from nnkit.preprocessing.image.affine import apply_affine_transform
from nnkit.preprocessing.image.colours import apply_brightness_shift, apply_channel_shift
from nnkit.preprocessing.image.data_frame_iterator import DataFrameIterator
from nnkit.preprocessing.image.directory_iterator import DirectoryIterator
from nnkit.preprocessing.image.image_data_generator import ImageDataGenerator
from nnkit.preprocessing.image.iterator import Iterator
from nnkit.preprocessing.image.numpy_array_iterator import NumpyArrayIterator
from nnkit.preprocessing.image.random_transforms import (
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)
from nnkit.preprocessing.image.smart_resizing import smart_resize
from nnkit.utils.images import array_to_img, img_to_array, load_img, save_img

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
]
