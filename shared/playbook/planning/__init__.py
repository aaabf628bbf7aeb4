"""What may be done about it: guard rails, operating mode, the plan."""
