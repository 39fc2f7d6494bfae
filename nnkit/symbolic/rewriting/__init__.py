"""Rules by which graphs become better ones; :mod:`nnkit.symbolic.rewriting.passes` applies them."""
