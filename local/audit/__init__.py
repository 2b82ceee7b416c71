"""What others' packages bring with them: their licenses, and their known vulnerabilities."""
