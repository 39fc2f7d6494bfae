"""Milliseconds a training step of networks that are not Dense alone, and a convolution's rate."""

from contextlib import ExitStack
from statistics import median

import numpy as np

from benchmarks.floor import program, rate, rate_turn
from benchmarks.networks import NETWORKS
from benchmarks.peers import PEERS
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times
from benchmarks.worker import Worker

_NOTE = (
    "Adam; batches of 64, but 128 of the second LeNet-5, 32 of the encoder, 10,000 of the first. "
    "Speed-up: how many times as long as nnkit's a step takes, the median over the rounds. torch's "
    "best: of its ways in float32. Floor: the products of a step at the rate of a large product, "
    "which another process measures in the same rounds; its speed-up is the share of that rate "
    "that nnkit reaches. Loss: of the training data after the first epoch; each library starts "
    "from weights of its own."
)
_SHARE = 0.6  # Of the rate of products that a convolution is to reach.


def run(report, peers, networks, pace):
    """A table of the networks, and one of the convolution."""
    rows, data = [], {}
    with ExitStack() as stack:
        product = stack.enter_context(Worker("benchmarks.floor:Product"))
        workers = {}
        for name in networks:
            network = NETWORKS[name]
            for peer in ("nnkit", *network.peers):
                library = peer.split()[0]
                if peer not in workers and library in peers and not PEERS[library].missing():
                    target = "benchmarks.networks:Subject"
                    workers[peer] = stack.enter_context(Worker(target, peer))
            used = {p: w for p, w in workers.items() if p in ("nnkit", *network.peers)}
            data[name] = {}
            rows += _measure(name, network, used, product, pace, data[name])
        columns = ["", "", "speed-up", "target", "reached", "ms a step", "least-most", "loss"]
        report.add(Table("Convolution, recurrence, attention", columns, rows, data, _NOTE))
        report.add(_rate(product, pace))


def _measure(name, network, workers, product, pace, data):
    losses, turns = {}, {}
    for peer, worker in workers.items():
        losses[peer], epoch = worker.call("start", name)
        turns[peer] = _turn(worker, network, repeats(epoch, pace.seconds))
    flops = workers["nnkit"].call("flops")
    speed = rate_turn(product, pace)
    turns["floor"] = lambda: flops / speed() / 1e6
    results = in_turn(turns, pace.rounds)
    for worker in workers.values():
        worker.call("finish")
    exact = [r for peer, r in results.items() if peer.startswith("torch") and "16" not in peer]
    if len(exact) > 1:
        results["torch's best"] = min(exact, key=median)
    for peer, theirs in results.items():
        ratio = times(theirs, results["nnkit"])
        wanted, reached = verdict(ratio, network.targets.get(peer))
        middle, ends = spread(theirs, 2)
        title = network.title if peer == "nnkit" else ""
        loss = f"{losses[peer]:.4f}" if peer in losses else ""
        yield [title, peer, f"{ratio:.2f}", wanted, reached, middle, ends, loss]
        data[peer] = {
            "speed_up": ratio,
            "target": network.targets.get(peer),
            "milliseconds": median(theirs),
            "rounds": theirs,
            "loss": losses.get(peer),
        }


def _turn(worker, network, epochs):
    return lambda: 1e3 * worker.call("train", epochs) / (epochs * network.steps)


# ------------------------------------------------------------------------------ the convolution


class Convolution:
    """Forward and backward of 64 to 64 channels, 3x3, 28x28, batch 32."""

    def __init__(self):
        from nnkit.layers import Conv2D

        rng = np.random.default_rng(0)
        x, dy = rng.random((2, 32, 28, 28, 64), np.float32)
        layer = Conv2D(64, 3, padding="same", use_bias=False)
        layer.ensure_built(x.shape)

        def both_ways():
            layer.forward(x, True)
            layer.backward(dy)

        self.program, self.flops = program(both_ways), 3 * 2 * x.size * 9 * 64

    def rate(self, repeats):
        """GFLOP/s of so many runs."""
        return rate(self.program, self.flops, repeats)


def _rate(product, pace):
    with Worker("benchmarks.layers:Convolution") as convolution:
        workers = {"convolution": convolution, "product": product}
        rates = in_turn({n: rate_turn(w, pace) for n, w in workers.items()}, pace.rounds)
    share = median(a / b for a, b in zip(rates["convolution"], rates["product"], strict=True))
    wanted, reached = verdict(share, _SHARE)
    rows = [
        ["convolution", f"{share:.2f}", wanted, reached, *spread(rates["convolution"])],
        ["product of 2048 x 2048", "1.00", "", "", *spread(rates["product"])],
    ]
    columns = ["", "share", "target", "reached", "GFLOP/s", "least-most"]
    title = "Conv2D 3x3, 64 to 64 channels, 28x28, batch 32, forward and backward"
    return Table(title, columns, rows, {"share": share, "target": _SHARE, "rounds": rates}, "")
