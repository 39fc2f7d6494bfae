"""Whole training steps of small dense models in few launches: no kernel here has a CPU twin.

A step of a model with one hidden layer is 15 to 20 launches of a microsecond's work each. Here it
is three launches (:mod:`.steps`), or one launch for many steps (:mod:`.persistent`). Both are made
of the same three phases (:mod:`.phases`), cut into the same tiles (:mod:`.sizes`):

1. *Multiply*. Block (part, group) multiplies a part of the inputs by a group of the hidden
   columns; the sum over parts is left to the next phase.
2. *Head*. A block does one row of the batch from the hidden layer to the loss and back to the
   gradient of the hidden layer.
3. *Learn*. Block (part, group) makes the gradient of its weights and updates them.

A bias is the weight of one more input, which is always 1.

Sizes and numbers are compiled in, so every model, optimizer and batch size has kernels of its own;
to compile them takes a second or two. The vector of gradients is not written: nobody else reads it.
"""
