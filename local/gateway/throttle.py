"""How many requests an HTTP API lets in."""

import time
from collections.abc import Callable
from threading import Lock

from local.template import Throttling


class TokenBucket:
    """Lets `burst` requests in at one moment, and `rate` a second in the long run.

    One bucket for all routes: whether API Gateway keeps one for each is not documented, and this
    is the stricter of the two. API Gateway itself counts on a best-effort basis.
    """

    def __init__(self, throttling: Throttling, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is in seconds, from any beginning."""
        self._throttling = throttling
        self._clock = clock
        self._tokens = float(throttling.burst)
        self._filled_at = clock()
        self._lock = Lock()

    def take(self) -> bool:
        """Whether one more request may come in now."""
        with self._lock:
            now = self._clock()
            filled = self._tokens + (now - self._filled_at) * self._throttling.rate
            self._tokens, self._filled_at = min(filled, self._throttling.burst), now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
