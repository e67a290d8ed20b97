"""What the pages show, computed."""
