"""What the benchmarks of serving share: a published page, and processes on loopback."""
