"""The City's portal, read strictly and whole."""
