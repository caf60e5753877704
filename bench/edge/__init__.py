"""What the benchmarks of the edge share: names to serve, servers that serve them, clients, and what is read of them."""
