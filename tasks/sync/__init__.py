"""One window made equal to the source: read, judged, and applied in one transaction."""
