"""`python -m lab bench`: how fast the app answers, and what it costs; see docs/bench.md."""
