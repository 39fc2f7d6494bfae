"""What the compiler may do with floating point numbers."""

from typing import Any

# NaN and infinity keep their meaning: no "nnan", no "ninf". Without error_model="numpy" a
# division may raise, and a loop that may raise is not vectorised.
FLAGS: dict[str, Any] = {
    "fastmath": {"contract", "reassoc", "nsz", "arcp", "afn"},
    "error_model": "numpy",
}

# What computes as it is written: (x + 1) - x is not 1. A product and a sum may round once.
EXACT: dict[str, Any] = FLAGS | {"fastmath": {"contract"}}
