"""A reader of untrusted HDF5 files that doesn't use the HDF5 library.

It supports the part of the format that Keras's and nnkit's files use: groups, arrays of numbers
(contiguous, compact, or in chunks with deflate, shuffle and fletcher32) and attributes of strings
and numbers. Everything else - links to elsewhere, other files, plug-ins, virtual and nested
data - is refused by name.

The HDF5 library, written in C, trusts the sizes and addresses in a file. Here every byte is read
within the file's bounds, each part of the structure is read only once, however often it is
referenced, and :class:`Content` counts all parts: a file can't cause more work or memory than its
size allows.

Section numbers in this package are those of the "HDF5 File Format Specification", version 3.0.
"""

from nnkit.saving.hdf5.content import Content, DamagedError
from nnkit.saving.hdf5.objects import Dataset, Group, open_root

__all__ = ["Content", "DamagedError", "Dataset", "Group", "open_root"]
