"""Recipes and settings: text with positions → checked values, or every diagnostic at once."""
