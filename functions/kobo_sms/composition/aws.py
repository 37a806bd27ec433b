"""How the functions talk to AWS."""

from botocore.config import Config

# A call of AWS that hangs must not eat the time that the part's lease leaves.
AWS = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}, max_pool_connections=20
)
