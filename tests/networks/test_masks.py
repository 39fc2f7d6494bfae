"""Masks of layers that are made of layers."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import (
    LSTM,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    Layer,
    MultiHeadAttention,
)

IDS = np.array([[3, 1, 2, 0, 0], [1, 2, 3, 4, 0]])


class Block(Layer):
    """Attention and a sum by an operator, which hands no mask on; the layer does."""

    supports_masking = True

    def __init__(self, **options):
        super().__init__(**options)
        self.attend, self.dense = MultiHeadAttention(2, 4), Dense(8)

    def call(self, x):
        y = x + self.attend(x, x)
        return y + self.dense(y)


class Silent(Block):
    """The same, but says nothing of masks."""

    supports_masking = False


class Halves(Layer):
    """Its own mask: of every second step."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense = Dense(8)

    def call(self, x):
        return self.dense(x)[:, ::2]

    def compute_mask(self, x, mask):
        return None if mask is None else np.ascontiguousarray(mask[:, ::2])


def model_of(block, last):
    i = nnkit.Input((5,), dtype="int32")
    x = Embedding(6, 8, mask_zero=True, name="table")(i)
    return nnkit.Model(i, last(block(x)))


@pytest.mark.parametrize("last", [LSTM(3), GlobalAveragePooling1D()], ids=["lstm", "mean"])
@pytest.mark.parametrize("block", [Block, Silent])
def test_padding_counts_only_where_a_block_says_nothing(block, last):
    model = model_of(block(), last)
    before = model.predict(IDS)
    table = model.get_layer("table")
    weights = table.get_weights()[0]
    weights[0] += 1  # What padding looks like.
    table.set_weights([weights])
    same = np.allclose(model.predict(IDS), before, atol=1e-6)
    assert same == (block is Block)


def test_a_block_computes_a_mask_of_its_own():
    lstm = LSTM(3, return_sequences=True, zero_output_for_mask=True)
    model = model_of(Halves(), lstm)
    zero = ~model.predict(IDS).any(axis=-1)
    np.testing.assert_array_equal(zero, IDS[:, ::2] == 0)
    model.compile("sgd", "mse")
    model.fit(IDS, np.zeros((2, 3, 3)), epochs=3, verbose=0)
