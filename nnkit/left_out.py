"""What Keras 3 has and nnkit leaves out, with the reasons.

Errors about missing names say the reason, the comparison page shows the lists, and a test compares
them with Keras: what is missing here and not listed fails, and so does what is listed and here.
"""

from __future__ import annotations

__all__ = ["LEFT_OUT", "reason"]

NOT_YET = "not written yet"
OTHERS = "it wraps a part of another framework"
BARS = "bars are for terminals and notebooks, lines for all else"
OF_ONE_KIND = "each package has get, serialize and deserialize for its own kind"

# By package, by names, why.
LEFT_OUT: dict[str, dict[str, str]] = {
    "layers": {
        "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper": OTHERS,
        "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization "
        "MixUp RandAugment RandomColorDegeneration RandomColorJitter RandomElasticTransform "
        "RandomErasing RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective "
        "RandomPosterization RandomSaturation RandomSharpness RandomShear Solarization": (
            "not written yet; RandomFlip, RandomRotation, RandomTranslation, RandomZoom, "
            "RandomCrop, RandomContrast and RandomBrightness are there"
        ),
        "Pipeline": "preprocessing layers are called one after the other",
        "MaxNumBoundingBoxes": "there are no bounding boxes",
        "GroupQueryAttention ReversibleEmbedding": NOT_YET,
        "HashedCrossing": NOT_YET,
        "MelSpectrogram STFTSpectrogram": "there are no Fourier transforms",
    },
    "losses": {
        "CategoricalGeneralizedCrossEntropy Circle categorical_generalized_cross_entropy circle": (
            NOT_YET
        ),
    },
    "optimizers": {
        "LossScaleOptimizer": "a model is float32 or float64, whose gradients need no scaling",
        "MultiOptimizer OptimizerMap": "one optimizer trains all weights",
        "ScheduleFreeAdamW": NOT_YET,
    },
    "callbacks": {
        "BackupAndRestore OrbaxCheckpoint RemoteMonitor": NOT_YET,
    },
    "initializers": {"STFT STFTInitializer stft": "there are no Fourier transforms"},
    "ops": {
        "image linalg nn numpy": "they hold the same functions once more",
        "associative_scan cond fori_loop map scan switch vectorize vectorized_map "
        "while_loop custom_gradient jvp": (
            "they run functions of the user's, step by step or in branches; a layer of "
            "layers or ops.where says the same, and a custom gradient is a layer's "
            "backward"
        ),
        "adaptive_average_pool adaptive_max_pool average_pool conv conv_transpose "
        "depthwise_conv max_pool separable_conv": (
            "the layers of these names have kernels and weights; a call may use layers"
        ),
        "angle conj conjugate eig fft fft2 ifft2 imag irfft isreal istft polar real rfft "
        "stft view_as_complex view_as_real": ("there are no complex numbers"),
        "argpartition histogram nonzero unique": (
            "the size or order of the result depends on values, so no shape follows; "
            "sort, argsort, top_k and bincount are there"
        ),
        "ctc_decode ctc_loss": (
            "the loss is a class of its own, and decoding is no part of a network"
        ),
        "correlate extract_sequences fold unfold rearrange view": (
            "slices, reshape, transpose and einsum say the same"
        ),
        "erfinv gcd i0 lcm nextafter": ("no loop of the symbolic library computes them"),
        "lstsq lu_factor matrix_rank pinv qr svd": (
            "decompositions without a gradient; NumPy has them for arrays"
        ),
        "nanmedian nanpercentile nanquantile": (
            "the number of elements would differ from row to row"
        ),
    },
    "utils": {
        "Config FeatureSpace": NOT_YET,
        "audio_dataset_from_directory": "no library for sound is among the extras",
        "bounding_boxes": "there are no bounding boxes",
        "clear_session is_keras_tensor standardize_dtype": "the first two are in nnkit.backend",
        "deserialize_keras_object get_registered_name get_registered_object "
        "serialize_keras_object": OF_ONE_KIND,
        "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled": (
            BARS
        ),
        "get_source_inputs": "a model has its inputs in model.inputs",
        "legacy": "it holds what Keras itself left behind",
        "model_to_dot": "plot_model draws without Graphviz",
        "pack_x_y_sample_weight unpack_x_y_sample_weight": "they are for a train_step of one's own",
    },
    "backend": {
        "is_float_dtype is_int_dtype result_type standardize_dtype": "NumPy's dtype says it",
    },
    "config": {
        "backend set_backend": "there is one backend",
        "disable_flash_attention enable_flash_attention is_flash_attention_enabled": (
            "there are no kernels of that kind"
        ),
        "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled": (
            BARS
        ),
        "disable_traceback_filtering enable_traceback_filtering is_traceback_filtering_enabled": (
            "tracebacks are shown whole"
        ),
        "dtype_policy set_dtype_policy": "a model is float32 or float64 throughout: set_floatx",
        "enable_unsafe_deserialization": "no file can run code here",
        "is_nnx_enabled": OTHERS,
        "max_epochs max_steps_per_epoch set_max_epochs set_max_steps_per_epoch": (
            "they are arguments of fit"
        ),
    },
    "saving": {
        "KerasFileEditor": "its files are .keras archives",
        "deserialize_keras_object get_registered_name get_registered_object "
        "serialize_keras_object": OF_ONE_KIND,
    },
}


def reason(package: str, name: str) -> str:
    """Why nnkit lacks a name of Keras's; an empty text if it is not listed.

    Examples
    --------
    >>> reason("layers", "JaxLayer")
    'it wraps a part of another framework'
    """
    for names, why in LEFT_OUT.get(package, {}).items():
        if name in names.split():
            return why
    return ""
