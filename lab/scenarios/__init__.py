"""Scenarios: a tenant, an incident and what must come of it, as files anyone can add."""
