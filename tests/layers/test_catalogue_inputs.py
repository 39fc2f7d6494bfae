"""Every layer with data as it comes: other types and orders, one row, NaN, the wrong rank."""

import re

import numpy as np
import pytest

import nnkit
from nnkit.layers import Discretization
from nnkit.testing import alike, flat
from tests.layers.catalogue import LAYERS, one_or_list
from tests.layers.test_catalogue_training import afresh

KINDS = {
    "float64": lambda x: x.astype(np.float64),
    "Fortran": np.asfortranarray,
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "backwards": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "spread": lambda x: np.broadcast_to(x[..., None], (*x.shape, 3))[..., 1],
    "big-endian": lambda x: x.astype(">f4"),
    "list": lambda x: x.tolist(),
}


def built(case, rng):
    """A layer in a model, and its input, which nobody may write to."""
    nnkit.utils.set_random_seed(5)
    model = case.model()
    model.set_weights([0.5 + abs(rng.normal(size=w.shape)) for w in model.get_weights()])
    x = case.inputs(rng, case.batch or 5)
    for array in flat(x):
        array.flags.writeable = False
    return model, x


def rows(x, which):
    """Some rows of an array, or of each of a list's."""
    return alike(x, lambda array: array[which])


def assert_equal(found, wanted):
    for a, b in zip(flat(found), flat(wanted), strict=True):
        np.testing.assert_array_equal(a, b)


def assert_close(found, wanted):
    for a, b in zip(flat(found), flat(wanted), strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_kinds_of_arrays(case, rng):
    model, x = built(case, rng)
    batch = len(flat(x)[0])
    wanted = afresh(model).predict(x, batch)
    assert {y.dtype.name for y in flat(wanted)} == {"float32"}
    layer = model.layers[-1]
    for name, make in KINDS.items():
        given = alike(x, make)
        if name == "list" and isinstance(x, list):
            continue  # A list of lists may be one array as well as several.
        assert_equal(afresh(model).predict(given, batch), wanted)
        if not any(case.masks()):
            afresh(model)
            before = case.call(layer, x)
            afresh(model)
            assert_equal(case.call(layer, given), before)
            assert_close(before, wanted)


@pytest.mark.parametrize("case", [case for case in LAYERS if not case.batch], ids=str)
def test_rows_do_not_know_of_each_other(case, rng):
    """In a prediction: one row alone gives what it gives among others."""
    model, x = built(case, rng)
    wanted = model.predict(x)
    for size in (1, 2, 3):
        assert_close(model.predict(x, size), wanted)
    assert_close(model.predict(rows(x, slice(3, 4))), rows(wanted, slice(3, 4)))


# Discretization puts NaN into the last bin, as Keras's.
KEEPS_NAN = [c for c in LAYERS if not (c.batch or c.ids or isinstance(c.layer, Discretization))]


@pytest.mark.parametrize("case", KEEPS_NAN, ids=str)
def test_nan_stays_in_its_row(case, rng):
    model, x = built(case, rng)
    layer = model.layers[-1]
    wanted, x = case.call(layer, x), alike(x, np.copy)
    for array in flat(x):
        array[2] = np.nan
    found = case.call(layer, x)
    for y in flat(found):
        assert np.isnan(y[2]).any()
        assert (np.isnan(y[2]) | (y[2] == 0)).all()  # Padding is 0 whatever the input.
    others = [0, 1, 3, 4]
    assert_equal(rows(found, others), rows(wanted, others))


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_the_wrong_rank_is_explained_or_right(case, rng):
    """One axis too few, or one too many, in the first input gives an output of the shape that was
    said, or an error that names the layer."""
    first, *others = flat(case.shape) + flat(case.named)
    for shape in (first[:-1], (*first, 2)):
        if others and not shape:
            continue  # A list of numbers is no input in a list of inputs.
        layer = case.another()
        given = [np.ones((3, *size), np.float32) for size in (shape, *others)]
        named = f"{layer.name}|{type(layer).__name__}|input_shape"
        x = given[: len(flat(case.shape))] if isinstance(case.shape, list) else given[0]
        try:
            expected = layer.compute_output_shape(alike(x, lambda a: (None, *a.shape[1:])))
            y = case.call(layer, one_or_list(given))
        except ValueError as caught:
            error = caught
        else:
            error = None
        if error is not None:
            assert re.search(named, str(error))
        else:
            assert [a.shape for a in flat(y)] == [(3, *size[1:]) for size in flat(expected)]


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_weights_are_set_as_they_are_got(case, rng):
    model, _ = built(case, rng)
    numbered = [np.full_like(w, i + 0.5) for i, w in enumerate(model.get_weights())]
    model.set_weights(numbered)
    for variable, value, got in zip(model.weights, numbered, model.get_weights(), strict=True):
        np.testing.assert_array_equal(variable.value, value)
        np.testing.assert_array_equal(got, value)
    assert model.count_params() == sum(w.size for w in numbered)
    if numbered:
        with pytest.raises(ValueError, match="expected"):
            model.set_weights([w[None] for w in numbered])
