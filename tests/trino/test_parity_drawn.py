"""Whatever is logged and whatever is asked, both engines answer the same."""

from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from local.stack import LocalStack
from tests.trino.both_engines import Parity
from tests.trino.drawn import asked
from tests.trino.logged import log

pytestmark = pytest.mark.trino

EXAMPLES = 40
_numbers = count()


@given(data=st.data())
@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],  # to find the smallest example would take hours
    suppress_health_check=list(HealthCheck),
    database=None,
)
def test_every_kind_of_statement_over_drawn_calls(
    data: st.DataObject,
    parity: Parity,
    stack: LocalStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    workspace_id = f"ws-drawn-{next(_numbers)}"  # each example's calls are a workspace's own
    drawn = data.draw(asked(workspace_id))
    log(stack, tmp_path_factory.mktemp("drawn"), drawn.calls)
    parity.check(*drawn.statements.items())
