"""What each page shows: read models, made in a constant number of statements, that templates only have to print."""
