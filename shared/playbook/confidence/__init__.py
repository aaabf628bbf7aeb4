"""How sure we are: signals, their weights, the score and its reasons."""
