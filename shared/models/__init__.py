"""Contracts of the house: immutable pydantic models, imported by their full module names."""
