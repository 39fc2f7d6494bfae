"""Keras 3 on JAX, or the reason why these tests are skipped."""

import os

import h5py
import numpy as np
import pytest

if os.environ.get("NNKIT_REQUIRE_KERAS") != "1":
    # A process in which JAX was imported must not fork, which other tests do.
    pytest.skip("make keras runs these tests", allow_module_level=True)
os.environ.update(KERAS_BACKEND="jax", JAX_PLATFORMS="cpu")

import jax
import keras
from keras.src.backend.common import masking

__all__ = ["QUIET", "assert_close", "jax", "keras", "loaded", "loaded_to_train", "training_step"]

# Of Keras about itself.
QUIET = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def assert_close(ours, theirs, tolerance=1e-5):
    """Equal to 1e-5, relative to each number or, if it is small, to the largest of its array."""
    theirs = np.asarray(theirs)
    largest = float(abs(theirs).max(initial=0))
    np.testing.assert_allclose(ours, theirs, tolerance, tolerance * largest)


def loaded(path):
    """The model in a file that nnkit wrote, as Keras reads it."""
    return keras.models.load_model(path, compile=False)


def loaded_to_train(path):
    """The same, compiled as the file says, with the optimizer's state.

    Keras builds the optimizer of such a file for no weights at all (in
    ``legacy_h5_format.load_model_from_hdf5``), so this does again what it does from there on.
    """
    # Its list of optimizers that a file may name lacks this one.
    model = keras.models.load_model(path, custom_objects={"Lamb": keras.optimizers.Lamb})
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
    optimizer.build(model.trainable_variables)
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        values = [group[name][()] for name in group.attrs["weight_names"]]
    for variable, value in zip(optimizer.variables, values, strict=True):
        variable.assign(value)
    model.compile(optimizer, model.loss)
    return model


def training_step(model):
    """A compiled ``step(trained, others, x, y)`` of a Keras model with the mean squared error.

    It gives the loss; the gradients of the weights, of the input and of the output; the output; and
    the weights that no optimizer changes.
    """
    mse = keras.losses.MeanSquaredError()

    def loss(trained, x, shift, others, y):
        y_pred, others, penalties = model.stateless_call(
            trained, others, x, training=True, return_losses=True
        )
        shifted = y_pred + shift
        masking.set_keras_mask(shifted, masking.get_keras_mask(y_pred))
        return mse(y, shifted) + sum(penalties), (y_pred, others)

    @jax.jit
    def step(trained, others, x, y):
        slopes = jax.value_and_grad(loss, (0, 1, 2), has_aux=True, allow_int=True)
        (value, (y_pred, others)), gradients = slopes(trained, x, 0 * y, others, y)
        return value, gradients, y_pred, others

    return step
