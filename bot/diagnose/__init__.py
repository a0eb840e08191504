"""Step 2: does a rule fire, and where is time lost."""
