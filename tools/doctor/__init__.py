"""`make doctor`: is the app configured, and may it do what it has to? Reads only."""
