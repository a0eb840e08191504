"""Step 5: desired state against live state, through the gateway."""
