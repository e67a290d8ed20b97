"""Documents on paper: what they are made of, and how they are set."""
