"""Training: sessions, steps, and the loops of ``fit``, ``evaluate`` and ``predict``."""
