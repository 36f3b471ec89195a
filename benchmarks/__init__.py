"""What the product promises in figures, measured: each module runs as ``python -m benchmarks.<name>``."""
