"""The ports on one machine: files, SQLite and DuckDB under ONS_HOME. No server, no account."""
