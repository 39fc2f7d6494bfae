"""Kernels whose text is the CPU's: no element needs what was done for another one, but by sums.

What is done in another order has a text of its own in the file with the name of the CPU's.
"""

from __future__ import annotations

from typing import Any

from nnkit.kernels._jit import Kernel
from nnkit.kernels.cpu import (
    activations,
    alignment,
    attention,
    batch,
    counting,
    embedding,
    losses,
    merging,
    metrics,
    normalization,
    penalties,
    pooling,
    random,
    recurrent,
    shaping,
    updates,
    warping,
    windows,
)
from nnkit.kernels.cuda import _cuda
from nnkit.kernels.cuda._from_cpu import (
    BLOCK,
    BLOCKS,
    ELEMENTS,
    NO_LOOPS,
    PLANE,
    from_cpu,
    lanes_of,
)


def _plane(arguments: dict[str, Any]) -> tuple[_cuda.Shape, _cuda.Shape]:
    """A thread for every element of ``rows``, so that nothing is divided to find an element."""
    height, width = arguments["rows"].shape
    blocks = _cuda.blocks(width, _cuda.LANES), _cuda.blocks(height, _cuda.ROWS)
    return blocks, (_cuda.LANES, _cuda.ROWS)


def _partials(arguments: dict[str, Any]) -> tuple[_cuda.Shape, _cuda.Shape]:
    """A block for each sum of ``partial``."""
    *_, count = arguments["partial"].shape
    return (_cuda.blocks(count, 1),), (_cuda.THREADS,)


def _written(kernel: Kernel) -> str:
    """The first of the arrays that a kernel writes."""
    return next(filter(kernel.writes, kernel.parameters))


def _twins() -> dict[str, _cuda.CudaKernel]:
    by_elements = [
        random.dropout_mask,
        random.uniform,
        windows.im2col,
        windows.col2im,
        windows.col2im_bias,
    ]
    for module in (activations, counting, embedding, merging, metrics, penalties, updates):
        kernels = (value for value in vars(module).values() if isinstance(value, Kernel))
        by_elements += (kernel for kernel in kernels if kernel.elementwise)
    by_rows = [
        losses.softmax_crossentropy_backward,
        losses.sigmoid_crossentropy,
        losses.sigmoid_crossentropy_backward,
        losses.categorical_crossentropy,
        losses.categorical_crossentropy_backward,
        losses.sparse_categorical_crossentropy,
        losses.binary_crossentropy,
        losses.binary_crossentropy_backward,
        losses.squared_error,
        losses.squared_error_backward,
        losses.absolute_error,
        losses.absolute_error_backward,
        metrics.categorical_accuracy,
        metrics.sparse_categorical_accuracy,
        metrics.binary_accuracy,
        normalization.layer_normalization,
        recurrent.mask_steps,
        embedding.take_rows,
        embedding.sgd_rows,
        merging.join,
        merging.cut,
        merging.merge_what_counts,
        merging.merge_what_counts_backward,
        penalties.scale_vectors,
        recurrent.keep_steps,
        recurrent.hold,
        recurrent.hold_backward,
        updates.adafactor_rows,
        updates.adafactor_factored,
    ]
    loops_of_rows = dict.fromkeys(by_rows, 1) | {
        merging.unit_vectors: 2,
        merging.unit_vectors_backward: 2,
        pooling.masked_mean_backward: 2,
        attention.additive_scores: 3,
        attention.join_masks: 4,
        attention.masked_softmax: 4,
        attention.masked_softmax_backward: 4,
        shaping.zero_pad_backward: 3,
        shaping.permute: 4,
        shaping.apply_mask: 4,
    }
    by_one_block = [
        metrics.accumulate,
        metrics.mask_weights,
        counting.accumulate_weighted,
        counting.normalize_weights,
        penalties.penalty_sum,
    ]
    by_blocks = [penalties.penalty_blocks, updates.sum_squares]
    by_plane = [batch.gather, batch.gather_sequence, batch.scatter_sequence]
    by_one_thread = [
        batch.advance,
        batch.advance_batch,
        metrics.accumulate_penalty,
        updates.adafactor_numbers,
        updates.count_updates,
        updates.nadam_numbers,
    ]
    # Counters that threads would write at once.
    by_one_thread += [counting.count_by_threshold, counting.count_hits]
    by_one_thread += [counting.count_pairs, counting.add_moments]
    by_thread = [counting.argmax_rows, counting.top_k_categorical_accuracy, counting.among_first]
    by_thread += [alignment.ctc, alignment.ctc_backward]
    by_thread += [counting.ignore_class, counting.keep_largest]
    by_thread += [warping.random_points, warping.random_corner, warping.warp, warping.warp_backward]
    by_thread += [warping.random_tones, warping.random_tones_backward]
    made = [from_cpu(k, _cuda.elements(_written(k)), ELEMENTS) for k in by_elements]
    made += [from_cpu(k, _cuda.elements(_written(k)), ELEMENTS) for k in by_thread]
    made += [from_cpu(metrics.broadcast_weights, _cuda.elements("sample_weight"), ELEMENTS)]
    made += [
        from_cpu(k, _cuda.rows(_written(k), *range(loops)), lanes_of(loops))
        for k, loops in loops_of_rows.items()
    ]
    made += [from_cpu(k, _cuda.one_block, BLOCK) for k in by_one_block]
    made += [from_cpu(k, _partials, BLOCKS) for k in by_blocks]
    made += [from_cpu(k, _plane, PLANE) for k in by_plane]
    made += [from_cpu(k, _cuda.one_thread, NO_LOOPS) for k in by_one_thread]
    return {kernel.name: kernel for kernel in made}


globals().update(_twins())
