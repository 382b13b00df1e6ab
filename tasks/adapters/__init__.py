"""Implementations of the ports: `embedded` for one machine, `aws` for an account."""
