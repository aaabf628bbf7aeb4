"""Vendors behind the ports: one module or folder per vendor."""
