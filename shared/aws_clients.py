"""How boto3 clients behave here: how often they try, and for how long at most."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError

from shared.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient

    Client = TypeVar("Client", bound=BaseClient)

PATIENCE = Config(
    connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
"""The only layer of retries."""

PRESIGNING = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
"""For S3: URLs with signatures that expire, on the host of the bucket's region."""

_SHORTEST_READ = 0.5  # seconds; with less there is no sense in asking
_LONGEST_BACKOFF = 7.0  # before a third attempt: botocore's own two, and five where AWS asks for it


class OutOfTimeError(BotoCoreError):
    """A call is not made, since its answer would come too late."""

    fmt = "There are {seconds_left:.1f} seconds left, too few to ask AWS"


class Deadline:
    """The end of an invocation's time: calls to AWS have an answer or an error by then.

    One call makes up to three attempts of up to six seconds, and an answer takes several calls.
    So late attempts get less time, the last seconds have no second attempts, and at the end
    nothing is asked.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._end = datetime.max.replace(tzinfo=UTC)

    def set(self, end: datetime) -> None:
        """Say when the present invocation is over; each says so anew."""
        self._end = end

    def bind(self, client: "Client") -> "Client":
        """Hold a client to the deadline."""
        # An event's handlers may return something, which the types of its hooks do not know.
        has_no_time: Callable[..., Any] = self._has_no_time_to_retry
        client.meta.events.register("before-send", self._limit)
        # By the service's name, as botocore's own is, whose answer this one has to precede.
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{service}", has_no_time)
        return client

    def _limit(self, request: Any, **_: object) -> None:
        """Give an attempt the time that is left, or none at all."""
        config = request.context["client_config"]
        left = (self._end - self._clock.now()) / timedelta(seconds=1)
        # A body that is read later may keep its reader waiting as long as the answer did.
        waits = 2 if request.stream_output else 1
        read_timeout = min(config.read_timeout, (left - config.connect_timeout) / waits)
        if read_timeout < _SHORTEST_READ:
            raise OutOfTimeError(seconds_left=max(left, 0.0))
        request.context["read_timeout"] = read_timeout

    def _has_no_time_to_retry(self, request_dict: Any, **_: object) -> bool | None:
        """False, which ends the attempts, where the next could not be over in time."""
        config = request_dict["context"]["client_config"]
        needed = _LONGEST_BACKOFF + config.connect_timeout + 2 * _SHORTEST_READ
        return None if self._end - self._clock.now() > timedelta(seconds=needed) else False
