"""The embedded Step Functions: the generated definitions, run durably on one machine."""
