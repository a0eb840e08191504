"""Thin routes over the state, one module per subject; `app` lists them all."""
