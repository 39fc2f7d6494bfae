"""Records what a step does, and replays it.

Each noun of nnkit means one thing:

device
    What executes kernels: the processor, or one GPU. It allocates, copies, and makes programs.
kernel
    A plain loop over arrays, compiled by numba, that reads its inputs and overwrites its outputs.
twin
    The version of a kernel for GPUs, mostly compiled from the text of the one for the CPU.
launch
    One call of a kernel with its arguments: executed at once, and written down if a tape listens.
tape
    The record of one step: its launches and stops in order, and the places that they touch.
place
    Memory that a tape knows: a result of the step, data bound by name, or a lasting array.
reference
    How a tape names an array: a place, an offset in it, a shape, strides and a data type.
stop
    A point at which a replay returns to Python, to run code that no kernel does.
record
    As a verb: to write a tape while Python runs. As a noun: what has been written.
program
    A tape made ready to be replayed on one device: each worker's launches, and where places lie.
replay
    To do a program's launches again, natively and without Python.
arena
    The block of memory in which a step's results have their offsets; a model's programs share it.
worker
    A thread that does its share of each launch, a range of rows, in a replay.
barrier
    A point at which workers wait for each other: one will touch bytes that another has written.
stretch
    The launches of a program between two stops; on a GPU, what is captured as one CUDA graph.
mirror
    The copy of a lasting array in a device's memory; one of the two may be newer than the other.
step
    The work for one batch: a Python function that launches kernels, recorded twice, then replayed.
window
    The rows of the data that a step reads: how many, and how far apart two batches begin.
variable
    One weight of a layer: a named array and its gradient, both views into a storage.
storage
    The weights of a model in one flat vector, and their gradients in another.
turn
    The time in which one thread may change a model's weights; those that only read come together.

Above the engine:

placeholder
    A value of a network without numbers: a shape, sizes of which may be None, and a data type.
node
    One call of a layer on placeholders, and the placeholders that it gives.
network
    What a model is without data: the nodes between its inputs and outputs, layers and weights.
graph
    What a step runs: the uses of layers in order, unfolded from a network for one set of sizes.
use
    A layer at its place in a graph: an object that shares the weights with the layer's other uses.
slot
    A vector as long as the trained weights that an optimizer keeps between steps: momentum, say.
counters
    Numbers in memory that change from step to step and that kernels read: batch, iteration, rate.
goal
    What one output of a network is compared with: its loss, the loss's weight, its metrics.
objective
    All goals of a model, with the running sums of their values.
predictor
    What a prediction needs besides the network: a counter and recorded steps, for one thread.
guard
    What lets one thread at a time be within ``fit`` of a model.
session
    What training a network needs besides it: storage, slots, counters, objective, recorded steps.
run
    One ``fit`` or ``evaluate`` on its way: its data, batch size, callbacks, and results so far.
pace
    How many steps the next native call does, so that Python wakes up ten times a second.
"""

from typing import TYPE_CHECKING

from nnkit.missing import also_from

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = also_from(__name__)
