"""nnkit measured against other libraries; ``python -m benchmarks --help`` says how."""
