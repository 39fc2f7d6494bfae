"""Rules by which graphs become better ones; :mod:`nnkit.symbolic.rewrite` applies them."""
