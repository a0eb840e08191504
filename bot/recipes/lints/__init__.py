"""Lints: what a recipe that can be read means and should not, one module for each family of checks."""
