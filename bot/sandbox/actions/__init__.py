"""Runs the repository's own workflow files on this machine, so that demo and tests take their commands from them."""
