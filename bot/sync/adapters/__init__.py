"""One module per kind of external system."""
