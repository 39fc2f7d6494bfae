"""Every layer with data as it comes: other types and orders, one row, NaN, the wrong rank."""

import re

import numpy as np
import pytest

import nnkit
from tests.layers.catalogue import LAYERS
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
    x.flags.writeable = False
    return model, x


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_kinds_of_arrays(case, rng):
    model, x = built(case, rng)
    batch = len(x)
    wanted = afresh(model).predict(x, batch)
    assert wanted.dtype == np.float32
    layer = model.layers[-1]
    for make in KINDS.values():
        np.testing.assert_array_equal(afresh(model).predict(make(x), batch), wanted)
        if not case.masked:
            afresh(model)
            before = layer(x)
            afresh(model)
            np.testing.assert_array_equal(layer(make(x)), before)
            np.testing.assert_allclose(before, wanted, 1e-5, 1e-6)


@pytest.mark.parametrize("case", [case for case in LAYERS if not case.batch], ids=str)
def test_rows_do_not_know_of_each_other(case, rng):
    """In a prediction: one row alone gives what it gives among others."""
    model, x = built(case, rng)
    wanted = model.predict(x)
    for size in (1, 2, 3):
        np.testing.assert_allclose(model.predict(x, size), wanted, 1e-5, 1e-6)
    np.testing.assert_allclose(model.predict(x[3:4]), wanted[3:4], 1e-5, 1e-6)


@pytest.mark.parametrize("case", [c for c in LAYERS if not (c.batch or c.ids)], ids=str)
def test_nan_stays_in_its_row(case, rng):
    model, x = built(case, rng)
    layer = model.layers[-1]
    wanted, x = layer(x), x.copy()
    x[2] = np.nan
    found = layer(x)
    assert np.isnan(found[2]).any()
    assert (np.isnan(found[2]) | (found[2] == 0)).all()  # Padding is 0 whatever the input.
    others = [0, 1, 3, 4]
    np.testing.assert_array_equal(found[others], wanted[others])


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_the_wrong_rank_is_explained_or_right(case, rng):
    """One axis too few, or one too many, gives an output of the shape that was said, or an error
    that names the layer."""
    for shape in (case.shape[:-1], (*case.shape, 2)):
        layer = case.another()
        x = np.ones((3, *shape), np.float32)
        named = f"{layer.name}|{type(layer).__name__}|input_shape"
        try:
            expected = layer.compute_output_shape((None, *shape))
            y = layer(x)
        except ValueError as caught:
            error = caught
        else:
            error = None
        if error is not None:
            assert re.search(named, str(error))
        else:
            assert y.shape == (3, *expected[1:])


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
