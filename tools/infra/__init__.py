"""Checks of what goes with the Bicep files: parameters, relay, azd and workflow, policies."""
