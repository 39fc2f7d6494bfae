"""torch on the GPU: step by step, as one CUDA graph, and compiled.

Data, orders and counters lie on the device; the optimizer is the fused Adam. By default torch
computes products of float32 in float32.
"""

import time

import torch
from torch.nn import Linear, ReLU, Sequential
from torch.nn.functional import cross_entropy

from benchmarks.cases import BETA_1, BETA_2, EPSILON

WARM_UP = 3  # Steps before a capture, as torch's manual has it.


class TorchEager:
    """Launch by launch."""

    def __init__(self, case, weights):
        torch.set_float32_matmul_precision("high" if case.tf32 else "highest")
        self.case = case
        sizes = zip(case.sizes, case.sizes[1:], strict=False)
        layers = [layer for m, n in sizes for layer in (Linear(m, n), ReLU())]
        self.model = Sequential(*layers[:-1]).cuda()
        self.parameters = list(self.model.parameters())
        self.initial = [torch.from_numpy(w.T).cuda() for w in weights]
        self._reset()

    def _reset(self):
        """The starting weights, and an optimizer that has done no step."""
        with torch.no_grad():
            for parameter, weight in zip(self.parameters, self.initial, strict=True):
                parameter.copy_(weight)
        self.optimizer = torch.optim.Adam(
            self.parameters,
            lr=self.case.rate,
            betas=(BETA_1, BETA_2),
            eps=EPSILON,
            fused=True,
            capturable=True,
        )

    def load(self, x, y):
        self.x, self.y = torch.from_numpy(x).cuda(), torch.from_numpy(y).long().cuda()

    def train(self, epochs):
        torch.cuda.synchronize()
        started = time.perf_counter()
        for epoch in epochs:
            self.epoch(
                torch.from_numpy(self.case.order(epoch)).pin_memory().cuda(non_blocking=True)
            )
        torch.cuda.synchronize()
        return time.perf_counter() - started

    def epoch(self, order):
        for rows in order:
            self.step(rows)

    def step(self, rows):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.x.index_select(0, rows), self.y.index_select(0, rows)).backward()
        self.optimizer.step()

    def loss(self, x, y):
        return cross_entropy(self.model(x), y)

    def weights(self):
        return [p.detach().cpu().numpy().T for p in self.parameters]


class TorchGraph(TorchEager):
    """The whole step as one graph, which finds its rows by a counter on the device."""

    def load(self, x, y):
        super().load(x, y)
        case = self.case
        self.order = torch.arange(case.samples, device="cuda").reshape(case.steps, case.batch)
        self.number = torch.zeros(1, dtype=torch.long, device="cuda")
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(min(WARM_UP, case.steps)):
                self._next()
        torch.cuda.current_stream().wait_stream(aside)
        self.optimizer.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self._next()
        self._rewind()

    def _next(self):
        self.step(self.order.index_select(0, self.number).reshape(-1))
        self.number += 1

    def _rewind(self):
        """Undo the warm-up in place: the graph holds the addresses."""
        with torch.no_grad():
            for parameter, weight in zip(self.parameters, self.initial, strict=True):
                parameter.copy_(weight)
            for state in self.optimizer.state.values():
                for value in state.values():
                    value.zero_()

    def epoch(self, order):
        self.order.copy_(order)
        self.number.zero_()
        for _ in range(self.case.steps):
            self.graph.replay()


class TorchCompiled(TorchEager):
    """Forward and backward by ``torch.compile(mode="reduce-overhead")``."""

    def __init__(self, case, weights):
        super().__init__(case, weights)
        self.loss = torch.compile(super().loss, mode="reduce-overhead")

    def step(self, rows):
        torch.compiler.cudagraph_mark_step_begin()
        super().step(rows)
