"""What Keras 3 has and nnkit leaves out, with the reasons.

Errors about missing names say the reason, the comparison page shows the lists, and a test compares
them with Keras: what is missing here and not listed fails, and so does what is listed and here.
"""

from __future__ import annotations

__all__ = ["LEFT_OUT", "reason"]

NOT_YET = "not written yet"
OTHERS = "it wraps a part of another framework"
LEGACY = "it holds what Keras itself left behind"

# By package, by names, why.
LEFT_OUT: dict[str, dict[str, str]] = {
    "layers": {
        "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper": OTHERS,
        "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization "
        "MixUp RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter "
        "RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip "
        "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective "
        "RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear "
        "RandomTranslation RandomZoom Solarization": (
            "not written yet; nnkit.preprocessing.image.ImageDataGenerator augments images"
        ),
        "Pipeline": "preprocessing layers are called one after the other",
        "MaxNumBoundingBoxes": "there are no bounding boxes",
        "GroupQueryAttention ReversibleEmbedding": NOT_YET,
        "HashedCrossing": NOT_YET,
        "MelSpectrogram STFTSpectrogram": "there are no Fourier transforms",
    },
    "optimizers": {
        "LossScaleOptimizer": "a model is float32 or float64, whose gradients need no scaling",
        "MultiOptimizer OptimizerMap": "one optimizer trains all weights",
        "ScheduleFreeAdamW": NOT_YET,
        "legacy": LEGACY,
    },
    "utils": {
        "Config FeatureSpace": NOT_YET,
        "audio_dataset_from_directory": "no library for sound is among the extras",
        "bounding_boxes": "there are no bounding boxes",
        "legacy": LEGACY,
        "model_to_dot": "plot_model draws without Graphviz",
        "get_source_inputs": "a model has its inputs in model.inputs",
        "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled": (
            "bars are for terminals and notebooks, lines for all else"
        ),
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
