"""Deterministic orchestrators and entities: they decide what happens next, never do it.

No I/O, clock, environment, random or client here (a test reads the imports). All of
``durabletask``'s calls are made by name, with plain JSON objects.
"""
