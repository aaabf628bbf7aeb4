"""A discrete simulation of many cases against the limits of the services they ask."""
