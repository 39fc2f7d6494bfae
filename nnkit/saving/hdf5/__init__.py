"""HDF5 files, read without the HDF5 library, since nobody vouches for what is in them.

The part of the format that Keras's and nnkit's files use: groups, arrays of plain numbers
(contiguous, compact, or in chunks with deflate, shuffle and fletcher32) and attributes of strings
and numbers. What else there is - links to elsewhere, other files, plug-ins, virtual and nested
data - is refused by name.

The HDF5 library, written in C, follows sizes and addresses in a file to wherever they lead. Here
every byte is read within the file's bounds, each part of the structure is looked at once, at its
address, however often it is named, and :class:`Content` counts all of them: a file can't ask for
more work or memory than its size allows.

Section numbers in this package are those of the "HDF5 File Format Specification", version 3.0.
"""

from nnkit.saving.hdf5.content import Content, DamagedError
from nnkit.saving.hdf5.objects import Dataset, Group, open_root

__all__ = ["Content", "DamagedError", "Dataset", "Group", "open_root"]
