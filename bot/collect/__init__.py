"""Step 1: read feeds; complaints lose their texts here."""
