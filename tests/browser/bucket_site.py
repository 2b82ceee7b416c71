"""A bucket as CloudFront serves it, with the headers that the template adds."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class BucketSite:
    """Answers each path with the object of that key, and `/` with `index.html`."""

    def __init__(self, s3: Any, bucket: str, headers: Mapping[str, str]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._headers = headers

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        key = environ["PATH_INFO"].removeprefix("/") or "index.html"
        try:
            stored = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError:  # S3 says no more to who may not list
            return Forbidden()(environ, start_response)
        response = Response(stored["Body"].read(), content_type=stored["ContentType"])
        response.headers["Cache-Control"] = stored["CacheControl"]
        response.headers.extend(self._headers)
        return response(environ, start_response)
