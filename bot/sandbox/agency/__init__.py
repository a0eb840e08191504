"""A simulated passport office with its gateway, adapters and mainframe: the demo's and the tests' agency."""
