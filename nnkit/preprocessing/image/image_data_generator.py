"""ImageDataGenerator: images transformed at random, in batches."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnkit import budget, checks, config
from nnkit.arguments import explain_arguments
from nnkit.errors import warn
from nnkit.preprocessing.image.affine import as_image, check_filling, matrices, transformed
from nnkit.preprocessing.image.colours import brightened
from nnkit.preprocessing.image.data_frame_iterator import DataFrameIterator
from nnkit.preprocessing.image.directory_iterator import DirectoryIterator
from nnkit.preprocessing.image.numpy_array_iterator import NumpyArrayIterator, check_images
from nnkit.preprocessing.image.random_transforms import check_range

__all__ = ["ImageDataGenerator"]

_TINY = 1e-6
# What describes a transform, and what leaves an image as it is.
_NOTHING: dict[str, Any] = {
    **{"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1},
    **{"flip_horizontal": False, "flip_vertical": False},
    **{"channel_shift_intensity": None, "brightness": None},
}
_AFFINE = ("theta", "tx", "ty", "shear", "zx", "zy")


class ImageDataGenerator:
    """Give batches of images, each transformed at random, and then scaled.

    An image is first rotated, shifted, sheared and zoomed in one step, then its channels are
    shifted, it is flipped, and its brightness changed; then come ``preprocessing_function``,
    ``rescale``, and what makes it standard. The affine transforms are done for a whole batch by
    compiled code, without SciPy.

    Parameters
    ----------
    featurewise_center, samplewise_center : bool
        Whether the mean is taken out: of each channel, over all images of :meth:`fit`; of each
        image, over all of its channels.
    featurewise_std_normalization, samplewise_std_normalization : bool
        Whether it is divided by the standard deviation as well.
    zca_whitening : bool
        Whether pixels are made independent, by :meth:`fit`; A. Krizhevsky, 2009. It implies
        ``featurewise_center``.
    zca_epsilon : float
    rotation_range : float
        The largest angle, in degrees.
    width_shift_range, height_shift_range : float, int or list
        The largest distance, sideways and up or down: a float below 1 in relation to width or
        height, another float in pixels; an int n stands for whole pixels below n; from a list one
        of its numbers is drawn, in either direction.
    brightness_range : (float, float), optional
        The smallest and largest factor of brightness; see :func:`apply_brightness_shift`.
    shear_range : float
        The largest angle, in degrees.
    zoom_range : float or (float, float)
        The smallest and largest factor; z stands for (1 - z, 1 + z). Width and height are zoomed
        independently.
    channel_shift_range : float
        The largest number added to all values of an image, within their range.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What is outside of an image; see :func:`apply_affine_transform`.
    cval : float
        For ``"constant"``.
    horizontal_flip, vertical_flip : bool
        Whether half of the images are flipped.
    rescale : float, optional
        Factor of all values; None or 0 for none.
    preprocessing_function : callable, optional
        Takes an image, and returns one of the same shape.
    data_format : {"channels_last", "channels_first"}, optional
    validation_split : float
        The part of the samples that ``subset="validation"`` means: the first ones.
    interpolation_order : {1, 0}
        Between pixels: bilinear, or the nearest one.
    dtype : data type, optional
        Of the batches: float32 or float64; by default ``nnkit.config.floatx()``.

    Attributes
    ----------
    mean, std : numpy.ndarray
        Of each channel, after :meth:`fit`.
    zca_whitening_matrix : numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With the same seed, the same is drawn as in Keras, and images are transformed as by Keras with
    SciPy, but for two of its faults: since 2020 Keras's ``height_shift_range`` moves images
    sideways and ``width_shift_range`` up and down; and images that aren't square it rotates, shears
    and zooms about a point beside the middle.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import ImageDataGenerator
    >>> x, y = np.random.default_rng(0).random((10, 32, 32, 3)), np.arange(10)
    >>> generator = ImageDataGenerator(rotation_range=15, width_shift_range=0.1, rescale=1 / 255)
    >>> batches = generator.flow(x, y, batch_size=4, seed=1)
    >>> images, labels = next(batches)
    >>> images.shape, images.dtype, labels.shape, len(batches)
    ((4, 32, 32, 3), dtype('float32'), (4,), 3)
    """

    @explain_arguments
    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | Sequence[float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        owner = "ImageDataGenerator"

        def number(name: str, value: Any, interval: str = "[0, inf)") -> float:
            return checks.number(owner, name, value, interval)

        self.zca_whitening = bool(zca_whitening)
        self.featurewise_std_normalization = bool(featurewise_std_normalization)
        self.featurewise_center = bool(featurewise_center)
        self.samplewise_std_normalization = bool(samplewise_std_normalization)
        self.samplewise_center = bool(samplewise_center)
        if self.zca_whitening and self.featurewise_std_normalization:
            warnings.warn(
                f"{owner}: zca_whitening replaces featurewise_std_normalization", stacklevel=3
            )
            self.featurewise_std_normalization = False
        self.featurewise_center |= self.zca_whitening or self.featurewise_std_normalization
        self.samplewise_center |= self.samplewise_std_normalization
        self.zca_epsilon = number("zca_epsilon", zca_epsilon)
        self.rotation_range = number("rotation_range", rotation_range)
        self.width_shift_range = _shifts(owner, "width_shift_range", width_shift_range)
        self.height_shift_range = _shifts(owner, "height_shift_range", height_shift_range)
        self.brightness_range = None
        if brightness_range is not None:
            self.brightness_range = check_range(
                owner, "brightness_range", brightness_range, "[0, inf)"
            )
        self.shear_range = number("shear_range", shear_range)
        if isinstance(zoom_range, (tuple, list)):
            self.zoom_range = check_range(owner, "zoom_range", zoom_range, "(0, inf)")
        else:
            zoom = number("zoom_range", zoom_range, "[0, inf)")
            if zoom >= 1:
                warn(
                    f"{owner}: zoom_range={zoom_range!r} draws factors from {1 - zoom:g} to "
                    f"{1 + zoom:g}; near 0 an image is one pixel, below 0 it is mirrored. "
                    "zoom_range=0.2 draws from 0.8 to 1.2"
                )
            self.zoom_range = 1 - zoom, 1 + zoom
        self.channel_shift_range = number("channel_shift_range", channel_shift_range)
        filling = check_filling(owner, fill_mode, cval, interpolation_order)
        self.fill_mode, self.cval, self.interpolation_order = filling
        self.horizontal_flip, self.vertical_flip = bool(horizontal_flip), bool(vertical_flip)
        self.rescale = None if not rescale else number("rescale", rescale, "(-inf, inf)")
        if preprocessing_function is not None and not callable(preprocessing_function):
            raise TypeError(
                f"{owner}: preprocessing_function must be a function, got "
                f"{preprocessing_function!r}"
            )
        self.preprocessing_function = preprocessing_function
        self.data_format = checks.data_format(owner, data_format)
        self.validation_split = number("validation_split", validation_split or 0, "[0, 1)")
        self.dtype = np.dtype(dtype or config.floatx())
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"{owner}: dtype must be float32 or float64, got {dtype!r}")
        last = self.data_format == "channels_last"
        self.channel_axis, self.row_axis, self.col_axis = (3, 1, 2) if last else (1, 2, 3)
        self.mean: np.ndarray | None = None
        self.std: np.ndarray | None = None
        self.zca_whitening_matrix: np.ndarray | None = None

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Batches of images of an array.

        Parameters
        ----------
        x : array, or (array, list of arrays)
            Images (samples, height, width, channels), or (samples, channels, height, width) with
            channels first. Other arrays are given with them as they are.
        y : array, optional
        batch_size : int
        shuffle : bool
            Whether each epoch has another order.
        sample_weight : array, optional
        seed : int, optional
            Of the orders and the transforms.
        save_to_dir : path, optional
            Folder in which all images given are saved, to look at.
        save_prefix, save_format : str
        ignore_class_split : bool
            Whether the subsets may have different classes.
        subset : {"training", "validation"}, optional
            With ``validation_split``: the first samples are to validate on.

        Returns
        -------
        NumpyArrayIterator
            Gives x, (x, y) or (x, y, sample_weight).

        Raises
        ------
        TypeError, ValueError
            ``x`` is no array of images, lengths differ, or an argument has a wrong type or value.
        """
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            ignore_class_split=ignore_class_split,
            subset=subset,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Batches of images of a folder, which has a folder for each class.

        Parameters
        ----------
        directory : path
        target_size : (int, int)
            Height and width that images are resized to.
        color_mode : {"rgb", "grayscale", "rgba"}
        classes : list of str, optional
            The folders to read, in the order of their numbers; by default all, sorted.
        class_mode : {"categorical", "binary", "sparse", "input", None}
            Targets: one-hot rows, 0 or 1, numbers, the images themselves, or none.
        batch_size, shuffle, seed, save_to_dir, save_prefix, save_format
            As for :meth:`flow`.
        follow_links : bool
            Whether links to folders are followed.
        subset : {"training", "validation"}, optional
            With ``validation_split``: the first files of each class are to validate on.
        interpolation : {"nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"}
            How images are resized, by Pillow.
        keep_aspect_ratio : bool
            Whether the middle of an image is cut out, in the proportions of ``target_size``.

        Returns
        -------
        DirectoryIterator
            Gives x or (x, y).

        Raises
        ------
        TypeError, ValueError
            An argument has a wrong type or value, or there is no folder for a class.
        OSError
            There is no such folder, or no image in it.
        ImportError
            Pillow is not installed.
        """
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
        )

    @explain_arguments
    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        x_col: str = "filename",
        y_col: str | Sequence[str] = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
    ) -> DataFrameIterator:
        """Batches of images whose files a table names.

        Parameters
        ----------
        dataframe : DataFrame
            Of pandas.
        directory : path, optional
            Folder that the names start from.
        x_col : str
            Column of the files' names.
        y_col : str or list of str
            Column of the targets; a list for ``"raw"`` and ``"multi_output"``.
        weight_col : str, optional
            Column of the samples' weights.
        target_size, color_mode
            As for :meth:`flow_from_directory`.
        classes : list of str, optional
            Other rows are left out.
        class_mode : {"categorical", "binary", "sparse", "input", "raw", "multi_output", None}
            As for :meth:`flow_from_directory`. For the first three, ``y_col`` holds names of
            classes; for ``"categorical"`` also lists of them. ``"raw"`` gives the column's numbers,
            ``"multi_output"`` a list with those of each column.
        batch_size, shuffle, seed, save_to_dir, save_prefix, save_format
            As for :meth:`flow`.
        subset : {"training", "validation"}, optional
            With ``validation_split``: the first rows are to validate on.
        interpolation
            As for :meth:`flow_from_directory`.
        validate_filenames : bool
            Whether rows are left out, with a warning, whose file isn't there.
        keep_aspect_ratio
            As for :meth:`flow_from_directory`.

        Returns
        -------
        DataFrameIterator
            Gives x, (x, y) or (x, y, weights).

        Raises
        ------
        TypeError, ValueError
            An argument has a wrong type or value, or a column is missing or holds other values.
        OSError
            There is no such folder.
        ImportError
            Pillow is not installed.
        """
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
        )

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find the mean, the standard deviation or the whitening of images.

        Needed for ``featurewise_center``, ``featurewise_std_normalization`` and ``zca_whitening``.
        ``rescale`` comes first.

        Parameters
        ----------
        x : array
            Images, as for :meth:`flow`.
        augment : bool
            Whether of images that are transformed.
        rounds : int
            With ``augment``: how often each is.
        seed : int, optional
            Of the transforms.

        Raises
        ------
        TypeError, ValueError
            ``x`` is no array of images, or an argument has a wrong type or value.
        MemoryError
            For ``zca_whitening`` the images are too large.
        """
        owner = "ImageDataGenerator.fit"
        rounds = checks.integer(owner, "rounds", rounds)
        images = check_images(owner, x, self.data_format).astype(self.dtype)
        if not len(images):
            raise ValueError(f"{owner}: there is no image in x of shape {images.shape}")
        draw = _drawing(owner, seed)
        if self.rescale:
            images *= self.dtype.type(self.rescale)
        if augment:
            again = [
                self._transformed(images, [self._draw(images.shape[1:], draw) for _ in images])
                for _ in range(rounds)
            ]
            images = np.concatenate(again)
        over = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = images.mean(over, keepdims=True)[0]
            images -= self.mean
        if self.featurewise_std_normalization:
            self.std = images.std(over, keepdims=True)[0]
            images /= self.std + _TINY
        if self.zca_whitening:
            size = math.prod(images.shape[1:])
            budget.check_possible((size, size), self.dtype, f"{owner}: the matrix of zca_whitening")
            u, s, _ = np.linalg.svd(images.reshape(len(images), -1).T, full_matrices=False)
            self.zca_whitening_matrix = (u * (np.sqrt(len(images)) / (s + self.zca_epsilon))) @ u.T

    def standardize(self, x: Any) -> np.ndarray:
        """Scale an image, or a batch, by all that isn't random, ``preprocessing_function`` first.

        Parameters
        ----------
        x : array
            An image or a batch of them; it stays as it is.

        Returns
        -------
        numpy.ndarray

        Raises
        ------
        ValueError
            ``x`` has another shape than the images of :meth:`fit`, or ``preprocessing_function``
            gave an image of another shape.
        """
        x = np.asarray(x)
        if x.ndim not in (3, 4):
            raise ValueError(
                f"ImageDataGenerator.standardize: x must be an image or a batch of them, got shape "
                f"{x.shape}"
            )
        self.check_fitted("ImageDataGenerator.standardize", x.shape[-3:])
        images = x.astype(x.dtype if x.dtype.kind == "f" else self.dtype)
        whole = self._standardized(images.reshape(-1, *x.shape[-3:]))
        return whole.reshape(x.shape)

    def get_random_transform(
        self, img_shape: Sequence[int], seed: int | None = None
    ) -> dict[str, Any]:
        """Draw a transform.

        Parameters
        ----------
        img_shape : tuple of int
            Of the image, with channels.
        seed : int, optional
            Without it ``numpy.random`` draws.

        Returns
        -------
        dict
            For :meth:`apply_transform`.
        """
        shape = tuple(img_shape)
        if len(shape) != 3:
            raise ValueError(f"get_random_transform: img_shape has three axes, got {img_shape!r}")
        return self._draw(shape, _drawing("get_random_transform", seed))

    def apply_transform(self, x: Any, transform_parameters: Mapping[str, Any]) -> np.ndarray:
        """Transform an image.

        Parameters
        ----------
        x : array
            An image.
        transform_parameters : dict
            ``theta``, ``tx``, ``ty``, ``shear``, ``zx``, ``zy`` as for
            :func:`apply_affine_transform`; ``flip_horizontal`` and ``flip_vertical``, bool;
            ``channel_shift_intensity`` and ``brightness``, a number or None. What is missing leaves
            the image as it is.

        Returns
        -------
        numpy.ndarray
            Like ``x``, float32 or float64.

        Raises
        ------
        TypeError, ValueError
            ``x`` is no image, or a parameter has an unknown name or a wrong value.

        Examples
        --------
        >>> import numpy as np
        >>> from nnkit.preprocessing.image import ImageDataGenerator
        >>> x = np.arange(4.0).reshape(2, 2, 1)
        >>> ImageDataGenerator().apply_transform(x, {"flip_horizontal": True})[:, :, 0]
        array([[1., 0.],
               [3., 2.]])
        """
        owner = "apply_transform"
        for name, value in transform_parameters.items():
            checks.one_of(owner, "a name in transform_parameters", name, tuple(_NOTHING))
            if value is not _NOTHING[name] and not name.startswith("flip"):
                low = "[0" if name == "brightness" else "(-inf"
                checks.number(owner, name, value, f"{low}, inf)")
        image = as_image(owner, x)
        return self._transformed(image[None], [{**_NOTHING, **transform_parameters}])[0]

    def random_transform(self, x: Any, seed: int | None = None) -> np.ndarray:
        """Transform an image at random.

        Parameters
        ----------
        x : array
            An image.
        seed : int, optional
            Without it ``numpy.random`` draws.

        Returns
        -------
        numpy.ndarray
        """
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    # ------------------------------------------------------------------- what iterators ask for

    def batch(self, x: np.ndarray, draw: Any) -> np.ndarray:
        """Images, each transformed at random, and scaled.

        Parameters
        ----------
        x : numpy.ndarray
            A batch of the generator's data type.
        draw : numpy.random.RandomState

        Returns
        -------
        numpy.ndarray
        """
        return self._standardized(self._transformed(x, [self._draw(x.shape[1:], draw) for _ in x]))

    def rows_of(self, owner: str, subset: Any, n: int) -> slice:
        """Which of n samples are a subset.

        Parameters
        ----------
        owner : str
            Who asks, for errors.
        subset : {"training", "validation"}
        n : int

        Returns
        -------
        slice
        """
        checks.one_of(owner, "subset", subset, ("training", "validation"))
        if not self.validation_split:
            raise ValueError(
                f"{owner}: subset={subset!r} needs ImageDataGenerator(validation_split=...)"
            )
        cut = int(n * self.validation_split)
        return slice(cut, None) if subset == "training" else slice(cut)

    def check_fitted(self, owner: str, shape: Sequence[int]) -> None:
        """Warn if :meth:`fit` is missing; refuse images of another shape than those it saw.

        Parameters
        ----------
        owner : str
            Who asks, for errors.
        shape : tuple of int
            Of an image.
        """
        needed = {
            "featurewise_center": self.mean,
            "featurewise_std_normalization": self.std,
            "zca_whitening": self.zca_whitening_matrix,
        }
        for name, found in needed.items():
            if getattr(self, name) and found is None:
                warnings.warn(
                    f"{owner}: {name} has no effect before ImageDataGenerator.fit(images)",
                    stacklevel=4,
                )
            elif found is not None and found.ndim == 2 and len(found) != math.prod(shape):
                raise ValueError(
                    f"{owner}: images have shape {tuple(shape)}, {math.prod(shape)} values, but "
                    f"those of fit had {len(found)}"
                )
            elif found is not None and found.ndim == 3:
                axis = self.channel_axis - 1
                if found.shape[axis] != shape[axis]:
                    raise ValueError(
                        f"{owner}: images of shape {tuple(shape)} have {shape[axis]} channels, "
                        f"those of fit had {found.shape[axis]}"
                    )

    # ---------------------------------------------------------------------------------- its work

    def _draw(self, shape: tuple[int, ...], draw: Any) -> dict[str, Any]:
        """A transform; all numbers are drawn in Keras's order."""
        found = dict(_NOTHING)
        if self.rotation_range:
            found["theta"] = draw.uniform(-self.rotation_range, self.rotation_range)
        found["ty"] = _shift(draw, self.height_shift_range, shape[self.row_axis - 1])
        found["tx"] = _shift(draw, self.width_shift_range, shape[self.col_axis - 1])
        if self.shear_range:
            found["shear"] = draw.uniform(-self.shear_range, self.shear_range)
        if self.zoom_range != (1, 1):
            found["zx"], found["zy"] = draw.uniform(*self.zoom_range, 2)
        # Drawn even if images aren't flipped.
        found["flip_horizontal"] = bool(draw.random() < 0.5) and self.horizontal_flip
        found["flip_vertical"] = bool(draw.random() < 0.5) and self.vertical_flip
        if self.channel_shift_range:
            limit = self.channel_shift_range
            found["channel_shift_intensity"] = draw.uniform(-limit, limit)
        if self.brightness_range is not None:
            found["brightness"] = draw.uniform(*self.brightness_range)
        return found

    def _transformed(self, x: np.ndarray, each: list[dict[str, Any]]) -> np.ndarray:
        """A batch, transformed as is said for each image; a new array."""
        affine = {name: [one[name] for one in each] for name in _AFFINE}
        flips = np.array([(one["flip_vertical"], one["flip_horizontal"]) for one in each], np.int8)
        last = self.data_format == "channels_last"
        if flips.any() or any(v != _NOTHING[name] for name in _AFFINE for v in affine[name]):
            points = matrices((x.shape[self.row_axis], x.shape[self.col_axis]), **affine)
            filling = self.fill_mode, self.cval, self.interpolation_order
            x = transformed(x, points, flips, last, *filling)
        else:
            x = x.copy()
        for image, one in zip(x, each, strict=True):
            intensity, brightness = one["channel_shift_intensity"], one["brightness"]
            if intensity is not None:
                low, high = image.min(), image.max()
                np.clip(image + image.dtype.type(intensity), low, high, out=image)
            if brightness is not None:
                image[...] = brightened(image, brightness, False, last)
        return x

    def _standardized(self, x: np.ndarray) -> np.ndarray:
        """A batch, scaled in place, but for ``zca_whitening``."""
        if self.preprocessing_function is not None:
            for image in x:
                made = np.asarray(self.preprocessing_function(image))
                if made.shape != image.shape:
                    raise ValueError(
                        f"ImageDataGenerator: preprocessing_function made an image of shape "
                        f"{made.shape} of one of shape {image.shape}; it must stay"
                    )
                image[...] = made
        if self.rescale:
            x *= x.dtype.type(self.rescale)
        if self.samplewise_center:
            x -= x.mean((1, 2, 3), keepdims=True)
        if self.samplewise_std_normalization:
            x /= x.std((1, 2, 3), keepdims=True) + _TINY
        if self.featurewise_center and self.mean is not None:
            x -= self.mean
        if self.featurewise_std_normalization and self.std is not None:
            x /= self.std + _TINY
        if self.zca_whitening and self.zca_whitening_matrix is not None:
            x = (x.reshape(len(x), -1) @ self.zca_whitening_matrix).reshape(x.shape)
        return x


def _drawing(owner: str, seed: Any) -> Any:
    """What draws: NumPy's own state, or one of a seed."""
    if seed is None:
        return np.random
    return np.random.RandomState(checks.integer(owner, "seed", seed, 0, 2**32 - 1))


def _shifts(owner: str, name: str, value: Any) -> float | int | list[float]:
    """Check a range of shifts."""
    if isinstance(value, (tuple, list, np.ndarray)):
        if not len(value):
            raise ValueError(f"{owner}: {name} must have at least one number, got {value!r}")
        for v in value:
            checks.number(owner, name, v)
        return list(value)
    number = checks.number(owner, name, value, "[0, inf)")
    return int(value) if isinstance(value, (int, np.integer)) else number


def _shift(draw: Any, limit: Any, size: int) -> float:
    """A shift in pixels, drawn as Keras does."""
    if not limit:
        return 0
    if isinstance(limit, float):
        shift, largest = draw.uniform(-limit, limit), limit
    else:
        shift = draw.choice(limit) * draw.choice([-1, 1])
        largest = limit if isinstance(limit, int) else max(limit)
    return float(shift * size if largest < 1 else shift)
