"""How equality is proven, and why rows went: comparisons, repairs, reasons."""
