"""State machines, the embedded Step Functions that runs them, and the `ons` command."""
