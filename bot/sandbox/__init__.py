"""The embedded default: a local forge and a simulated agency, for the demo and everybody's tests."""
