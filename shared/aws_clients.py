"""How boto3 clients behave here."""

from botocore.config import Config

PATIENCE = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
"""The only layer of retries: short of what API Gateway waits."""

PRESIGNING = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
"""For S3: URLs with signatures that expire, on the host of the bucket's region."""
