"""Pages of measurement for authors: what is known of an exam, its standard, its forms and its questions."""
