"""What identifies a workspace, everywhere: in claims, payloads, S3 keys and SQL."""

WORKSPACE_ID_PATTERN = r"[A-Za-z0-9_-]{1,64}"
"""Matched in full. Narrow on purpose: an id is also a partition folder and an S3 key."""
