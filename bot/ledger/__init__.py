"""What happened, chained, in Git: one file per record on a branch of its own."""
