"""The doors: where an event arrives as JSON and a handler is called with a value."""
