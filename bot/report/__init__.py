"""Every sentence, table, chart and page that the bot shows, as functions of values."""
