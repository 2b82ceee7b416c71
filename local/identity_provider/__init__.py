"""A development identity provider: signs people in, and tokens, for this machine alone.

It has no users and no secrets: whoever can reach it is anybody. Only for 127.0.0.1.
"""

from local.identity_provider.keys import Algorithm, SigningKey
from local.identity_provider.provider import CLIENT_ID, IdentityProvider

__all__ = ["CLIENT_ID", "Algorithm", "IdentityProvider", "SigningKey"]
