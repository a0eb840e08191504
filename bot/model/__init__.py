"""The values that every room of the bot speaks in; nothing here does I/O or imports anything above it."""
