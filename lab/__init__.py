"""The whole system on a laptop: the real app and engine, every vendor simulated, scenarios to play.

Product code never imports this package. `python -m lab --help` says what it can do.
"""
