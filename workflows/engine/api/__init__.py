"""AWS's own API of Step Functions, answered by the embedded engine."""
