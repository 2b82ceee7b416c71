"""Programs that are run by the Python of `.clients`, and import nothing of the project."""
