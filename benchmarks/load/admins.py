"""What admins do, for locust to run: `locust --locustfile benchmarks/load/admins.py`.

Every call is repeated while it is throttled, as the API's guide tells clients to: after
`Retry-After` where the answer has it, else after a second, and longer each time. LOAD_PLAN names a
JSON file: the admins (subject, workspace, token), the first and the last day of the call logs, the
models, and where the journal and the files go.
"""

import hashlib
import itertools
import json
import os
import random
import time
import uuid
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gevent
from locust import HttpUser, between, events, task

from benchmarks.load.journal import Download, Exchange, Writer

LONGEST_PAUSE = 8
"""Seconds."""

plan = json.loads(Path(os.environ["LOAD_PLAN"]).read_text(encoding="utf-8"))
journal = Writer(Path(plan["journal"]))
numbers = itertools.count()
made: defaultdict[str, list[str]] = defaultdict(list)
"""Ids of exports, by workspace: for those who pry."""


@events.quitting.add_listener
def tell_of_own_mistakes(environment: Any, **_: Any) -> None:
    """An answer that is an error is the journal's to judge, and none of locust's business."""
    environment.process_exit_code = 1 if environment.runner.exceptions else 0


class Admin(HttpUser):
    """One of many admins of a workspace."""

    wait_time = between(0.5, 2.5)

    def on_start(self) -> None:
        number = next(numbers)
        person = plan["admins"][number % len(plan["admins"])]
        self.subject: str = person["subject"]
        self.workspace: str = person["workspace"]
        self.authorization = {"Authorization": f"Bearer {person['token']}"}
        self.dice = random.Random(self.subject)
        self.tasks[number % len(self.tasks)](self)  # so that some admin does each, however short

    @task(8)
    def export(self) -> None:
        """Start one, once or with a double click, look until it has ended, and take the files."""
        body, headers = self.export_body(), self.preferences()
        if self.dice.random() < 0.8:
            headers["Idempotency-Key"] = str(uuid.uuid4())
        clicks = 2 if "Idempotency-Key" in headers and self.dice.random() < 0.3 else 1
        started = [gevent.spawn(self.order, body, headers) for _ in range(clicks)]
        gevent.joinall(started)
        answer = started[0].value
        if answer.status in {200, 202} and (export := self.ended(answer)) is not None:
            for file in export["files"]:
                self.download(export["id"], file)

    @task(2)
    def cancel(self) -> None:
        """Start one, think better of it, perhaps twice."""
        answer = self.order(self.export_body(), {"Prefer": "respond-async"})
        if answer.status == 202:
            gevent.sleep(self.dice.choice([0, 0, 0.2, 1]))
            for _ in range(self.dice.choice([1, 1, 2])):
                self.call("DELETE", "/exports/{id}", f"/exports/{answer.answer['id']}")

    @task(1)
    def leave(self) -> None:
        """Start one and never look at it again."""
        headers = {"Prefer": "respond-async", "Idempotency-Key": str(uuid.uuid4())}
        self.order(self.export_body(), headers)

    @task(1)
    def reuse_a_key(self) -> None:
        """The same key for two requests: the second is none."""
        headers = {"Prefer": "respond-async", "Idempotency-Key": str(uuid.uuid4())}
        self.order({"period": "last_7_days"}, headers)
        self.order({"period": "last_30_days"}, headers)

    @task(2)
    def list_exports(self) -> None:
        """The first pages of the list, and a file of an earlier export."""
        cursor, listed = None, []
        for _ in range(3):
            query = {"limit": 10, **({"cursor": cursor} if cursor else {})}
            answer = self.call("GET", "/exports", f"/exports?{urlencode(query)}")
            if answer.status != 200:
                return
            listed += answer.answer["exports"]
            if (cursor := answer.answer["next_cursor"]) is None:
                break
        if done := [export["id"] for export in listed if export["status"] == "succeeded"]:
            look = self.call("GET", "/exports/{id}", f"/exports/{self.dice.choice(done)}")
            if look.status == 200:
                self.download(look.answer["id"], self.dice.choice(look.answer["files"]))

    @task(2)
    def usage(self) -> None:
        body = {**self.timeframe(), **self.filters()}
        query = urlencode(
            [(n, v) for n, vs in body.items() for v in ([vs] if isinstance(vs, str) else vs)]
        )
        self.call("GET", "/usage", f"/usage?{query}", sent=body)

    @task(2)
    def estimate(self) -> None:
        self.call("POST", "/exports/estimate", "/exports/estimate", sent=self.export_body())

    @task(1)
    def pry(self) -> None:
        """Ask for an export of another workspace."""
        others = [ids for workspace, ids in made.items() if workspace != self.workspace]
        if others:
            foreign = self.dice.choice(self.dice.choice(others))
            method = self.dice.choice(["GET", "DELETE"])
            self.call(method, "/exports/{id}", f"/exports/{foreign}", pries=True)

    def order(self, body: dict[str, Any], headers: dict[str, str]) -> Exchange:
        answer = self.call("POST", "/exports", "/exports", sent=body, headers=headers)
        if answer.status in {200, 202}:
            made[self.workspace].append(answer.answer["id"])
        return answer

    def ended(self, answer: Exchange) -> dict[str, Any] | None:
        """The export once it has an outcome; None where it is not to be seen any more."""
        while answer.status in {200, 202}:
            export: dict[str, Any] = answer.answer
            if export["progress"] is None:
                return export
            gevent.sleep(float(answer.retry_after or 1))
            answer = self.call("GET", "/exports/{id}", f"/exports/{export['id']}")
        return None

    def download(self, export_id: str, file: dict[str, Any]) -> None:
        began, clock = time.time(), time.monotonic()
        reply = self.client.get(file["download_url"], name="file")
        journal.write(
            Exchange(
                call=uuid.uuid4().hex,
                subject=self.subject,
                workspace=self.workspace,
                method="GET",
                route="file",
                path=export_id,
                sent=None,
                headers={},
                at=began,
                seconds=time.monotonic() - clock,
                status=reply.status_code,
            )
        )
        if reply.status_code == 200:
            digest = hashlib.sha256(reply.content).hexdigest()
            kept = Path(plan["files"]) / digest
            if not kept.exists():
                kept.write_bytes(reply.content)
            size = len(reply.content)
            journal.write(
                Download(self.subject, self.workspace, export_id, file["name"], digest, size)
            )

    def call(
        self,
        method: str,
        route: str,
        path: str,
        *,
        sent: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        pries: bool = False,
    ) -> Exchange:
        """The first answer that repeating the call would not change."""
        call = f"{'pry-' if pries else ''}{uuid.uuid4().hex}"
        for attempt in itertools.count():
            exchange = self.exchange(call, method, route, path, sent, headers or {})
            journal.write(exchange)
            if not exchange.is_passing:
                break
            gevent.sleep(self.pause(exchange, attempt))
        return exchange

    def exchange(
        self,
        call: str,
        method: str,
        route: str,
        path: str,
        sent: dict[str, Any] | None,
        headers: dict[str, str],
    ) -> Exchange:
        began, clock = time.time(), time.monotonic()
        reply = self.client.request(
            method,
            path,
            json=sent if method == "POST" else None,
            headers={**self.authorization, **headers},
            name=route,
            timeout=40,
        )
        return Exchange(
            call=call,
            subject=self.subject,
            workspace=self.workspace,
            method=method,
            route=route,
            path=path,
            sent=sent,
            headers=headers,
            at=began,
            seconds=time.monotonic() - clock,
            status=reply.status_code,
            media_type=reply.headers.get("Content-Type", "") if reply.headers else "",
            retry_after=reply.headers.get("Retry-After") if reply.headers else None,
            answer=_judged(reply),
        )

    def pause(self, exchange: Exchange, attempt: int) -> float:
        asked = exchange.retry_after
        seconds = float(asked) if asked else min(2**attempt, LONGEST_PAUSE)
        return seconds * self.dice.uniform(1, 1.5)

    def export_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {**self.timeframe(), **self.filters()}
        if self.dice.random() < 0.3:
            body["columns"] = "extended"
        if self.dice.random() < 0.4:
            body["on_limit"] = "split"
        if self.dice.random() < 0.2:
            body["spreadsheet_safe"] = False
        return body

    def timeframe(self) -> dict[str, str]:
        kind = self.dice.randrange(5)
        if kind < 2:
            return [{}, {"period": "last_7_days"}][kind]
        first, last = (date.fromisoformat(plan[name]) for name in ("first_day", "last_day"))
        days = sorted(first + timedelta(self.dice.randrange((last - first).days)) for _ in range(2))
        if kind == 2:
            return {"start": f"{days[0]}", "end": f"{days[1]}"}
        if kind == 3:
            return {"start": f"{days[0]}", "end": f"{days[1]}", "timezone": "America/New_York"}
        return {"start": f"{days[0]}T06:30:00Z", "end": f"{days[1] + timedelta(1)}T17:45:00.500Z"}

    def filters(self) -> dict[str, list[str]]:
        if self.dice.random() < 0.6:
            return {}
        number = self.workspace.rpartition("-")[2]
        provider, model, call_type = self.dice.choice(plan["models"])
        return self.dice.choice(
            [
                {"api_key_ids": [f"key-{number}-{self.dice.randrange(5)}", f"key-{number}-9"]},
                {"providers": [provider]},
                {"models": [model]},
                {"call_types": [call_type], "providers": [provider]},
            ]
        )

    def preferences(self) -> dict[str, str]:
        wish = self.dice.choice(["", "respond-async", "wait=1", "wait=3", "wait=10"])
        return {"Prefer": wish} if wish else {}


def _judged(reply: Any) -> Any:
    """The answer, without the parts of a usage report that nobody holds against anything."""
    try:
        answer = reply.json()
    except ValueError:
        return None
    if isinstance(answer, dict) and "busy_hours" in answer:
        return {name: answer[name] for name in ("timeframe", "totals", "tables")}
    return answer
