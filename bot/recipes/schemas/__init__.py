"""JSON Schemas of everything that people write for the bot; their titles and descriptions are documentation."""
