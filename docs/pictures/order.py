"""Draw docs/pictures/order.svg: the levels of nnkit's folders, and how many imports join them.

python docs/pictures/order.py [FILE]

The levels are those of docs/design.rst; the imports are read from the files.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from drawing import GREY, INK, LINE, Drawing

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests import imports

WIDTH, ROW, TOP = 1040, 40, 74
LEFT, NAMES, CELL = 44, 486, 38
FILL, STROKE = ("#eef3f9", "#cfe0f5"), "#2f6db3"


def main():
    levels = imports.levels()
    height = TOP + ROW * len(levels) + 46
    d = Drawing(WIDTH, height)
    d.text(LEFT, 30, "Who may import whom: the levels from the ground up", 15, font_weight="bold")
    subtitle = "A number says how many imports lead from a level to itself or to a lower one."
    d.text(LEFT, 50, subtitle, 12, GREY)
    on = {name: number for number, names in enumerate(levels) for name in names}
    joins = Counter(
        tuple(on[place] for place in arrow.places)
        for arrow in imports.arrows()
        if all(place in on for place in arrow.places)
    )
    for number, names in enumerate(levels):
        y = height - 46 - ROW * (number + 1)
        d.text(LEFT - 12, y + 23, str(number + 1), 13, GREY, "end", font_weight="bold")
        d.box(LEFT, y + 3, NAMES, ROW - 6, FILL[0], STROKE)
        half = -(-len(names) // 2) if len(names) > 6 else len(names)
        lines = [", ".join(part) for part in (names[:half], names[half:]) if part]
        for i, line in enumerate(lines):
            d.text(LEFT + 12, y + 30 - 7 * len(lines) + 14 * i, line, 13)
        for lower in range(number + 1):
            x, count = LEFT + NAMES + 10 + CELL * lower, joins[number, lower]
            d.box(x, y + 3, CELL - 4, ROW - 6, FILL[1] if count else "white", LINE, 3)
            if count:
                d.text(x + CELL / 2 - 2, y + 23, str(count), 12, INK, "middle")
    for lower in range(len(levels)):
        x = LEFT + NAMES + 8 + CELL * (lower + 0.5)
        d.text(x, height - 28, str(lower + 1), 13, GREY, "middle", font_weight="bold")
    d.text(LEFT + NAMES - 8, height - 28, "to level", 12, GREY, "end")
    d.save(*sys.argv[1:2], beside=__file__)


if __name__ == "__main__":
    main()
