"""How names stand in an SQL statement; DuckDB and SQLite agree on it."""


def quoted(column: str) -> str:
    """Write a column's name as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'
