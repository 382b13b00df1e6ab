"""Everything that touches data: task handlers, their ports, adapters and doors."""
