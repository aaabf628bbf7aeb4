"""`python -m lab chaos`: many cases while everything breaks, and what must hold all the same."""
