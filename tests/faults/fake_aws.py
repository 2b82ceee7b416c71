"""AWS beneath botocore: what would go over the wire, answered from memory.

Queries are those of the fake Athena, whose clock is the only one. botocore's own serializing,
signing, retries and parsing run as on Lambda.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from shared.query_execution import QueryExecution
from tests.fakes import FakeAthena, FakeClock

BUCKET = "exports"
_USAGE_HEADER = "grouping_set"


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    has_length: bool = True

    def to(self, url: str) -> AWSResponse:
        """As botocore's HTTP session gives it."""
        length = {"Content-Length": str(len(self.body))} if self.has_length else {}
        headers = HTTPHeaders()
        for name, value in {**length, **self.headers}.items():
            headers[name] = value
        return AWSResponse(url, self.status, headers, _Body(self.body))


class _Body(io.BytesIO):
    def stream(self, *_: object, **__: object) -> list[bytes]:
        return [self.read()]


@dataclass(frozen=True)
class Request:
    """An attempt at an AWS call.

    Attributes:
        service: `athena`, `s3` or `sns`.
        operation: AWS's name of it.
        what: What it is about, in a word or two.
        method: Of HTTP.
        key: Of the object, for S3.
        query: The query string's parameters.
        headers: In lower case.
        body: Without S3's chunks.
    """

    service: str
    operation: str
    what: str
    method: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """`PutObject: mark`."""
        return f"{self.operation}: {self.what}"


def read_request(sent: Any) -> Request:
    """What botocore is about to send. Raises where it is not known what the call is for."""
    target = urlsplit(sent.url)
    headers = {name.lower(): _text(value) for name, value in sent.headers.items()}
    query = {name: values[0] for name, values in parse_qs(target.query).items()}
    body = _body(sent.body, headers)
    service = next(name for name in ("athena", "s3", "sns") if f"{name}." in target.netloc)
    key = unquote(target.path).lstrip("/") if service == "s3" else ""
    if service == "s3":
        assert target.netloc.startswith(f"{BUCKET}."), target.netloc
    operation, what = _NAMERS[service](sent.method, key, query, headers, body)
    return Request(service, operation, what, sent.method, key, query, headers, body)


def _athena_name(
    _method: str, _key: str, _query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> tuple[str, str]:
    operation = headers["x-amz-target"].rpartition(".")[2]
    if operation != "StartQueryExecution":
        return operation, {
            "BatchGetQueryExecution": "states",
            "GetQueryRuntimeStatistics": "output rows",
            "StopQueryExecution": "query",
        }[operation]
    return operation, _kind(json.loads(body)["QueryString"])


def _s3_name(
    method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], _body: bytes
) -> tuple[str, str]:
    if "list-type" in query:
        return "ListObjectsV2", {"running": "marks", "exports": "manifests"}[_top(query["prefix"])]
    if method == "PUT" and "x-amz-copy-source" in headers:
        return "CopyObject", {"scheduled": "delivered file"}[_top(key)]
    operation = {"GET": "Get", "HEAD": "Head", "PUT": "Put", "DELETE": "Delete"}[method] + "Object"
    what = {
        "athena": "file" if method == "HEAD" else "result",
        "exports": "manifest",
        "idempotency": "claim",
        "running": "mark",
        "scheduled": "delivered manifest",
    }[_top(key)]
    if what == "manifest" and method == "PUT":
        what = "new manifest" if "if-none-match" in headers else "manifest"
    return operation, what


def _sns_name(
    _method: str, _key: str, _query: Mapping[str, str], _headers: Mapping[str, str], body: bytes
) -> tuple[str, str]:
    return parse_qs(body.decode())["Action"][0], "outcome"


_NAMERS = {"athena": _athena_name, "s3": _s3_name, "sns": _sns_name}


def _kind(statement: str) -> str:
    if _USAGE_HEADER in statement:
        return "usage"
    return "summary" if "GROUPING SETS" in statement else "rows"


def _top(key: str) -> str:
    return key.partition("/")[0]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _body(body: Any, headers: Mapping[str, str]) -> bytes:
    text: str | bytes = body.read() if hasattr(body, "read") else body or b""
    raw = text.encode() if isinstance(text, str) else text
    if headers.get("content-encoding") != "aws-chunked":
        return raw
    length, _, rest = raw.partition(b"\r\n")
    return rest[: int(length, 16)]


class FakeAws:
    """Athena, a bucket and a topic.

    Attributes:
        athena: The queries.
        objects: Key → body; result objects are made of the queries.
        published: Bodies of messages, in order.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.athena = FakeAthena()
        self.objects: dict[str, bytes] = {}
        self.published: list[str] = []
        self._clock = clock
        self._since: dict[str, str] = {}

    def answer(self, request: Request) -> Reply:
        """What AWS does, and says."""
        match request.service:
            case "athena":
                return self._athena(request.operation, json.loads(request.body))
            case "s3":
                return self._s3(request)
            case _:
                self.published.append(parse_qs(request.body.decode())["Message"][0])
                result = "<PublishResult><MessageId>m-1</MessageId></PublishResult>"
                xmlns = "http://sns.amazonaws.com/doc/2010-03-31/"
                xml = f'<PublishResponse xmlns="{xmlns}">{result}</PublishResponse>'
                return Reply(200, xml.encode())

    def _athena(self, operation: str, asked: dict[str, Any]) -> Reply:
        match operation:
            case "StartQueryExecution":
                query = self.athena.start(asked["QueryString"], asked["ClientRequestToken"])
                return _json({"QueryExecutionId": query})
            case "BatchGetQueryExecution":
                found = self.athena.look(asked["QueryExecutionIds"])
                return _json({"QueryExecutions": [_execution(one) for one in found.values()]})
            case "GetQueryRuntimeStatistics":
                rows = self.athena.output_rows(asked["QueryExecutionId"])
                return _json({"QueryRuntimeStatistics": {"Rows": {"OutputRows": rows}}})
            case _:
                self.athena.stop(asked["QueryExecutionId"])
                return _json({})

    def _s3(self, request: Request) -> Reply:
        if "list-type" in request.query:
            return self._list(request.query["prefix"], int(request.query.get("max-keys", "1000")))
        return self._put(request) if request.method == "PUT" else self._of_one(request)

    def _of_one(self, request: Request) -> Reply:
        key, found = request.key, self._object(request.key)
        match request.method:
            case "GET" | "HEAD" if found is None:
                body = b"" if request.method == "HEAD" else s3_error("NoSuchKey")
                return Reply(404, body)
            case "HEAD":
                return Reply(200, headers={"Content-Length": str(self.athena.files[key])})
            case "GET":
                return Reply(200, found or b"", {"ETag": _etag(found)})
            case _:
                self.objects.pop(key, None)
                return Reply(204)

    def _put(self, request: Request) -> Reply:
        key, found = request.key, self._object(request.key)
        if request.headers.get("if-none-match") == "*" and found is not None:
            return Reply(412, s3_error("PreconditionFailed"))
        if request.headers.get("if-match", _etag(found)) != _etag(found):
            return Reply(412, s3_error("PreconditionFailed"))
        if "x-amz-copy-source" in request.headers:
            source = unquote(request.headers["x-amz-copy-source"]).partition("/")[2]
            assert source in self.athena.files
            self.put(key, f"copy of {source}".encode())
            return Reply(200, b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")
        self.put(key, request.body)
        return Reply(200, headers={"ETag": _etag(request.body)})

    def put(self, key: str, body: bytes) -> None:
        """Have an object in the bucket."""
        self.objects[key] = body
        self._since[key] = self._clock.time.isoformat()

    def _object(self, key: str) -> bytes | None:
        if key not in self.athena.files:
            return self.objects.get(key)
        query = self.athena.queries[re.split("[/.]", key)[1]]
        if _kind(query.statement) == "usage":  # of no calls
            return f'"{_USAGE_HEADER}"\n'.encode()
        rows = list(self.athena.result(query.execution, having="by_model"))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, rows[0], quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()

    def _list(self, prefix: str, limit: int) -> Reply:
        keys = sorted(key for key in self.objects if key.startswith(prefix))[:limit]
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{self._since[key]}</LastModified>"
            "</Contents>"
            for key in keys
        )
        head = f"<Name>{BUCKET}</Name><KeyCount>{len(keys)}</KeyCount>"
        return Reply(200, f"<ListBucketResult>{head}{items}</ListBucketResult>".encode())


def _execution(query: QueryExecution) -> dict[str, Any]:
    status: dict[str, Any] = {"State": query.state, "StateChangeReason": query.reason}
    if query.state == "FAILED":
        status["AthenaError"] = {"Retryable": query.is_retryable}
    return {
        "QueryExecutionId": query.id,
        "Status": status,
        "Statistics": {"DataScannedInBytes": query.bytes_scanned},
        "ResultConfiguration": {"OutputLocation": f"s3://{query.bucket}/{query.key}"},
    }


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value).encode(), {"Content-Type": "application/x-amz-json-1.1"})


def s3_error(code: str) -> bytes:
    """The body of an answer that says no."""
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


def _etag(body: bytes | None) -> str:
    return f'"{hashlib.md5(body or b"", usedforsecurity=False).hexdigest()}"'
