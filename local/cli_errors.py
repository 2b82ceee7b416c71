"""What a command says where something goes wrong that a person can mend."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
import urllib3
from rich.console import Console
from rich.markup import escape

from local.api_client import DownloadError
from local.aws import CallLogsError
from local.call_log_check import PlaceError
from local.cron import ScheduleExpressionError
from local.deployment import DeploymentError
from local.events import EventError, Exit
from local.java import JavaMissingError
from local.lambda_runtime import LambdaError
from local.maven import FetchError
from local.page import PageBuildError
from local.sample_call_logs import SampleCallLogsError
from local.template import TemplateParameterError
from local.trino import TrinoStartError


@contextmanager
def errors_for_people(console: Console, logs: Path | None = None) -> Iterator[None]:
    """Say in a sentence what a person can mend; let anything else be seen for what it is."""
    try:
        yield
    except (
        CallLogsError,
        DeploymentError,
        EventError,
        PageBuildError,
        PlaceError,
        SampleCallLogsError,
        ScheduleExpressionError,
        TemplateParameterError,
    ) as error:
        console.print(f"[red]{escape(str(error))}", highlight=False)
        raise typer.Exit(Exit.REFUSED) from None
    except LambdaError as error:
        console.print(f"[red]The function failed. {escape(str(error))}", highlight=False)
        if logs:
            console.print(f"Its log is in {logs}", highlight=False)
        raise typer.Exit(Exit.FAILED) from None
    except (FetchError, JavaMissingError, TrinoStartError) as error:  # the engine is not to be had
        console.print(f"[red]{escape(str(error))}", highlight=False)
        raise typer.Exit(Exit.FAILED) from None
    except (DownloadError, OSError, urllib3.exceptions.HTTPError) as error:
        is_taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        text = "The port is taken: choose another one with --port." if is_taken else str(error)
        console.print(f"[red]{escape(text)}", highlight=False)
        raise typer.Exit(Exit.FAILED) from None
    except KeyboardInterrupt:
        console.print("Stopped.")
        raise typer.Exit(130) from None
