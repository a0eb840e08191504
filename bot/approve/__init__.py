"""Step 4: impact, policy, the gate, the merge."""
