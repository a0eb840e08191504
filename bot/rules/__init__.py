"""The rule language: source → tokens → tree → typed tree → value, and back to text; pure."""
