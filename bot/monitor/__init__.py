"""Step 7: measurements → verdict; rollback; did it help."""
