"""Step 6: bring external systems in step."""
