"""One SELECT over what is published: what it may say, where it runs, how its rows are written."""
