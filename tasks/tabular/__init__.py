"""Reading tables published as delimited text."""
