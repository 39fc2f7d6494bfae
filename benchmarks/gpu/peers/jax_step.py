"""JAX on the GPU: an epoch as one ``lax.scan`` with donated state."""

import time

import jax

from benchmarks.peers import jax_


class JaxScan(jax_.JaxScan):
    """By default JAX computes products of float32 in TF32."""

    def __init__(self, case, weights):
        if jax.default_backend() != "gpu":
            raise RuntimeError("JAX finds no GPU")
        precision = "tensorfloat32" if case.tf32 else "highest"
        jax.config.update("jax_default_matmul_precision", precision)
        super().__init__(case, weights)

    def train(self, epochs):
        started = time.perf_counter()
        super().train(epochs)
        return time.perf_counter() - started
