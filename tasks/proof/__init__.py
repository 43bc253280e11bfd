"""How equality is proven, and why rows left the source: comparisons, repairs, reasons."""
