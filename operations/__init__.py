"""What failed for good: background work that somebody has to look at. This room knows of no other."""
