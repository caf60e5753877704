"""Real programs on loopback, for the demo and for end-to-end tests. Python 3 standard library only."""
