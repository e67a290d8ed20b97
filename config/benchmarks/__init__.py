"""What manage.py bench measures, where it takes more than a few lines."""
