"""Draw docs/pictures/step.svg: one training step, as nnkit records and shares it out.

python docs/pictures/step.py [FILE]

The calls, the barriers and the places in the arena are those of a real record of 784-128-10 on two
workers, made here. Only the arena's heights are not to scale.
"""

from __future__ import annotations

import sys

import numpy as np
from drawing import GREY, INK, LINE, Drawing

import nnkit
from nnkit.data import Arrays
from nnkit.engine import memory, program
from nnkit.engine.dispatch import recording
from nnkit.engine.hazards import Hazards
from nnkit.engine.references import Reference
from nnkit.engine.step import Window
from nnkit.engine.tape import Tape
from nnkit.layers import Dense, Softmax, Tanh
from nnkit.training.steps import train_batch

WIDTH, HEIGHT = 1040, 984
LEFT, COLUMN = 118, 53
COLOURS = {
    "": ("#dfe4e8", "#66727d"),
    "dense": ("#cfe0f5", "#2f6db3"),
    "tanh": ("#fbe3c6", "#c97a16"),
    "dense_1": ("#cdebe7", "#1d8577"),
    "sparse_categorical_crossentropy": ("#efd6ea", "#99418a"),
    "adam": ("#dcefcb", "#4f8a1d"),
}
NAMES = {"": "batch", "sparse_categorical_crossentropy": "loss", "adam": "Adam"}
LABELS = {
    "sparse_softmax_crossentropy": "softmax_crossentropy",
    "sparse_softmax_crossentropy_backward": "... its backward",
}


def record():
    """The tape of one training step, made as fit makes it."""
    model = nnkit.Sequential([nnkit.Input((784,)), Dense(128), Tanh(), Dense(10), Softmax()])
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = np.zeros((64, 784), np.float32), np.zeros(64, np.uint8)
    session = model.session()
    data = Arrays([x], [model.loss.prepare(y, (64, 10))])
    bound, samples = data.bound() | {"order": np.arange(64)}, session.samples(data.shapes)
    with session.steps(1), recording(Tape(bound)) as tape:
        train_batch(session, samples, Window(32, 32, session.counters.batch), bound)
    return tape


def heading(d, y, number, title, subtitle):
    d.add("circle", cx=22, cy=y - 5, r=12, fill=INK)
    d.text(22, y, number, 13, "white", "middle", font_weight="bold")
    d.text(44, y, title, 15, font_weight="bold")
    d.text(44, y + 19, subtitle, 12, GREY)


def draw_ways(d, top):
    """From fit to replay, in four boxes."""
    heading(
        d,
        top,
        "1",
        "From fit to native code",
        "Python runs for the first two steps of "
        "a shape; after that it only wakes up to move the progress bar.",
    )
    boxes = [
        ("fit", "models/trainer.py", ["cuts an epoch into", "batches of one shape"]),
        (
            "record",
            "engine/dispatch.py, tape.py",
            ["first two steps: the layers'", "Python runs and is listed"],
        ),
        ("plan", "engine/memory.py, program.py", ["places in one arena,", "workers, barriers"]),
        ("check", "engine/step.py", ["one worker replays it:", "the bits that Python left?"]),
        ("replay", "kernels/cpu/replay.py", ["hundreds of steps a call,", "without the GIL"]),
    ]
    w, gap = 180, 27
    for i, (name, file, lines) in enumerate(boxes):
        x, y = 16 + i * (w + gap), top + 36
        native = name == "replay"
        d.box(x, y, w, 92, "#eef6e6" if native else "#f6f8fa", "#4f8a1d" if native else LINE, 8)
        d.text(x + w / 2, y + 24, name, 15, anchor="middle", font_weight="bold")
        d.text(x + w / 2, y + 41, file, 10.5, GREY, "middle")
        for k, line in enumerate(lines):
            d.text(x + w / 2, y + 62 + 16 * k, line, 11.5, anchor="middle")
        if i:
            d.arrow(x - gap + 2, y + 46, x - 3, y + 46)
    # What the check may find.
    x, y = 16 + 3 * (w + gap) + w / 2, top + 128
    d.add(
        "path",
        d=f"M{x},{y} v22 H{16 + (w + gap) + w / 2} v-18",
        fill="none",
        stroke=GREY,
        stroke_width=1.6,
        stroke_dasharray="5 4",
        marker_end="url(#head)",
    )
    d.text(
        x - (w + gap),
        y + 38,
        "they differ: fit names the layer, which becomes a Python stop; record anew",
        11.5,
        GREY,
        "middle",
    )


def draw_workers(d, tape, top):
    """Every call of the record, on two workers, and where these meet."""
    heading(
        d,
        top,
        "2",
        "The record, shared out to two workers",
        "784-128-10, batch 32, Adam. "
        "A block is one call of a kernel; both workers do their part of the rows.",
    )
    hazards = Hazards(program.apart(tape, memory.plan(tape)[0]), workers=2)
    y, h = top + 172, 38
    for w in range(2):
        d.text(LEFT - 12, y + w * (h + 6) + 24, f"worker {w}", 12.5, anchor="end")
    middle = next(
        i for i, e in enumerate(tape.entries) if e.kernel.name.endswith("entropy_backward")
    )
    spans = [
        ("forward", 0, middle),
        ("backward", middle, None),
        ("update", None, len(tape.entries)),
    ]
    last = next(i for i, e in enumerate(tape.entries) if e.kernel.name == "advance")
    for name, a, b in spans:
        a, b = last if a is None else a, last if b is None else b
        x1, x2 = LEFT + a * COLUMN + 4, LEFT + b * COLUMN - 4
        d.add(
            "path", d=f"M{x1},{top + 48} v-6 H{x2} v6", fill="none", stroke=LINE, stroke_width=1.4
        )
        d.box((x1 + x2) / 2 - 36, top + 34, 72, 16, "white", "none")
        d.text((x1 + x2) / 2, top + 46, name, 12, GREY, "middle")
    for i, entry in enumerate(tape.entries):
        x = LEFT + i * COLUMN
        owner = getattr(entry.owner, "name", "") or ""
        fill, stroke = COLOURS[owner]
        shares = program.shares(entry, 2)
        if hazards.meet([() if share is None else share.references for share in shares]):
            barrier(d, x, y - 8, 2 * h + 22)
        label = LABELS.get(entry.kernel.name, entry.kernel.name)
        d.text(
            0,
            0,
            label,
            11,
            stroke,
            transform=f"translate({x + COLUMN / 2 + 2},{y - 14}) rotate(-42)",
        )
        for w, share in enumerate(shares):
            if share is None:
                continue
            d.box(x + 5, y + w * (h + 6), COLUMN - 10, h, fill, stroke)
            # The part that is split: rows of the output.
            for name, argument in zip(entry.kernel.parameters, share.arguments, strict=True):
                if entry.kernel.writes(name) and name in entry.kernel.split:
                    d.text(
                        x + COLUMN / 2,
                        y + w * (h + 6) + 23,
                        f"{len(argument)}",
                        11,
                        stroke,
                        "middle",
                    )
                    break
    barrier(d, LEFT + len(tape.entries) * COLUMN, y - 8, 2 * h + 22)
    d.text(
        LEFT,
        y + 2 * h + 36,
        "numbers: rows of the result that a worker computes. "
        "A weight's gradient is split by the rows of the weight, not of the batch.",
        11.5,
        GREY,
    )
    barrier(d, LEFT + 735, y + 2 * h + 20, 22)
    d.text(LEFT + 744, y + 2 * h + 36, "barrier: all meet", 11.5, GREY)
    return y + 2 * h + 60


def barrier(d, x, y, h):
    d.add("line", x1=x, y1=y, x2=x, y2=y + h, stroke="#c0392b", stroke_width=3)


def draw_arena(d, tape, top):
    """Where every temporary lies, and from when to when it is needed."""
    offsets, size = memory.plan(tape)
    sizes = tape.sizes()
    heading(
        d,
        top,
        "3",
        "The arena: results of one step that share memory",
        "A box lasts from "
        "the first use of a result to its last; they need "
        f"{sum(sizes.values()):,} bytes apart, {size:,} together.",
    )
    life, owners, names = {}, {}, {}
    for time, entry in enumerate(tape.entries):
        for name, argument in zip(entry.kernel.parameters, entry.arguments, strict=True):
            if not isinstance(argument, Reference) or argument.place not in offsets:
                continue
            index = argument.place
            life.setdefault(index, [time, time])[1] = time
            owners.setdefault(index, getattr(entry.owner, "name", "") or "")
            names.setdefault(index, (entry.kernel.name, name))
    edges = sorted(
        {0, *(offsets[i] for i in life), *(offsets[i] + -(-sizes[i] // 64) * 64 for i in life)}
    )
    place, y = {}, top + 40.0
    for edge, following in zip(edges, [*edges[1:], None], strict=True):
        place[edge] = y
        if following is not None:
            y += min(58.0, 8.0 + (following - edge) ** 0.5 / 3.2)
    right = LEFT + len(tape.entries) * COLUMN
    d.box(LEFT, top + 40, right - LEFT, y - top - 40, "#fafbfc", LINE, 2)
    titles = {"rows": "x", "c": "z", "y": "tanh", "p": "softmax", "values": "losses"}
    for index, (first, last) in life.items():
        x1, x2 = LEFT + first * COLUMN + 5, LEFT + (last + 1) * COLUMN - 5
        y1 = place[offsets[index]]
        y2 = place[offsets[index] + -(-sizes[index] // 64) * 64]
        fill, stroke = COLOURS[owners[index]]
        d.box(x1, y1 + 1, x2 - x1, y2 - y1 - 2, fill, stroke, 3)
        kernel, name = names[index]
        title = titles.get(name, name)
        if kernel == "gather":
            title = "x, the batch" if sizes[index] > 1000 else "y, its labels"
        elif kernel in ("matmul", "tanh_backward", "sparse_softmax_crossentropy_backward"):
            title = {"matmul": "dh", "tanh_backward": "dz"}.get(kernel, "dlogits")
        elif kernel == "matmul_bias":
            title = "z" if sizes[index] > 2000 else "logits"
        elif kernel == "tanh":
            title = "h = tanh z"
        if y2 - y1 > 12.5:
            label = f"{title}  {sizes[index]:,}" if x2 - x1 > 120 else title
            d.text((x1 + x2) / 2, (y1 + y2) / 2 + 4, label, 10.5, stroke, "middle")
    for edge in (0, size):
        d.text(LEFT - 12, place[edge] + (10 if edge == 0 else 0), f"{edge:,}", 11, GREY, "end")
    d.text(LEFT - 12, (place[0] + place[size]) / 2, "bytes", 11, GREY, "end")
    d.text(LEFT - 12, (place[0] + place[size]) / 2 + 14, "(not to scale)", 9.5, GREY, "end")
    return y


def draw_key(d, y):
    x = LEFT
    for owner, (fill, stroke) in COLOURS.items():
        d.box(x, y - 11, 16, 14, fill, stroke, 3)
        name = NAMES.get(owner, owner)
        d.text(x + 22, y, name, 12)
        x += 44 + 8.2 * len(name)


def main():
    d = Drawing(WIDTH, HEIGHT)
    tape = record()
    draw_ways(d, 34)
    bottom = draw_workers(d, tape, 248)
    bottom = draw_arena(d, tape, bottom + 34)
    draw_key(d, bottom + 32)
    print(f"drawn down to {bottom + 40:.0f} of {HEIGHT}")
    d.save(*sys.argv[1:2], beside=__file__)


if __name__ == "__main__":
    main()
