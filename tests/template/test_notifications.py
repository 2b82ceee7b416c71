"""The topics: who may publish to them, and who is mailed."""

from typing import Any

import pytest

from local.template import Template
from tests.template.conftest import IDENTITY_PROVIDER

ACCOUNT = "123456789012"
TOPICS = {
    "OutcomeTopic": f"arn:aws:sns:eu-central-1:{ACCOUNT}:api-usage-export-OutcomeTopic",
    "AlarmTopic": f"arn:aws:sns:eu-central-1:{ACCOUNT}:api-usage-export-AlarmTopic",
}


def test_there_is_no_other_topic(template: Template) -> None:
    assert set(template.of_type("AWS::SNS::Topic")) == set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_nothing_is_published_over_plain_http(template: Template, topic: str) -> None:
    assert statements(template, topic)[0] == {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": TOPICS[topic],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_outcomes_are_published_by_roles_of_this_account_that_iam_lets(template: Template) -> None:
    assert len(statements(template, "OutcomeTopic")) == 1  # no Allow: that is the role's


def test_only_alarms_of_this_account_are_published_as_alarms(template: Template) -> None:
    (_, allow) = statements(template, "AlarmTopic")
    assert allow == {
        "Sid": "PublishAlarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPICS["AlarmTopic"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:*"},
        },
    }


@pytest.mark.parametrize(
    ("parameter", "subscription", "topic"),
    [
        ("NotificationEmail", "OutcomeMail", "OutcomeTopic"),
        ("AlarmEmail", "AlarmMail", "AlarmTopic"),
    ],
)
def test_an_address_is_subscribed_where_one_is_given(
    template: Template, parameter: str, subscription: str, topic: str
) -> None:
    assert template.of_type("AWS::SNS::Subscription") == {}
    mailing = Template.load(parameters={**IDENTITY_PROVIDER, parameter: "team@example.com"})
    assert mailing.of_type("AWS::SNS::Subscription") == {
        subscription: {
            "TopicArn": TOPICS[topic],
            "Protocol": "email",
            "Endpoint": "team@example.com",
        }
    }


def statements(template: Template, topic: str) -> list[dict[str, Any]]:
    policy = template.resource(f"{topic}Policy")["Properties"]
    assert policy["Topics"] == [TOPICS[topic]]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found
