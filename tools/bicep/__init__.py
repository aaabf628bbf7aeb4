"""Checks of the Bicep files that run without a Bicep compiler, which no package registry offers.

Syntax comes from tree-sitter's grammar, names, types and enums from Microsoft's own type data
(``azure-types.json``). What only the compiler or Azure can say is checked where they are
(``.github/workflows/infra.yaml``).
"""
