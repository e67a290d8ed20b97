"""Pages under /cohorts/, and those by which candidates come to what was assigned."""
