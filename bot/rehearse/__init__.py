"""Recipes tried out before they act: on written tests, and on history."""
