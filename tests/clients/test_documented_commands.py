"""What the pages tell people to type, typed into a shell against the local AWS."""

import json
import re

import pytest

from local.stack import LocalStack
from tests.clients.conftest import Clients
from tests.template.documented import blocks

PAGE = "deployment.md"
LINES = re.DOTALL | re.MULTILINE


def block(page: str, words: str) -> str:
    """The page's only block with these words."""
    (found,) = [each for each in blocks(page, "sh") if words in each]
    return found


def test_removing_the_data_leaves_no_version_of_it(clients: Clients, stack: LocalStack) -> None:
    s3, kms = stack.aws.client("s3"), stack.aws.client("kms")
    for bucket in ("with-versions", "without"):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
    s3.put_bucket_versioning(Bucket="with-versions", VersioningConfiguration={"Status": "Enabled"})
    for number in range(5):
        for bucket in ("with-versions", "without"):
            s3.put_object(Bucket=bucket, Key=f"api_calls/{number % 3}", Body=b"1")
    s3.delete_object(Bucket="with-versions", Key="api_calls/1")
    key = kms.create_key()["KeyMetadata"]["KeyId"]  # KMS takes an ARN, too; moto does not here
    names = f"CallLogBucketName=with-versions ExportBucketName=without KmsKeyArn={key}"
    ended = clients.bash(f"{names}\n{block(PAGE, 'schedule-key-deletion')}")
    assert ended.status == 0, ended.errors
    left = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert not left & {"with-versions", "without"}
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_an_identity_provider_is_made_from_nothing(clients: Clients, stack: LocalStack) -> None:
    script = block(PAGE, "create-user-pool ").replace("sleep 10", "sleep 0")
    script += 'echo "$POOL $CLIENT $DOMAIN"\n'
    # moto has none of AWS's own policies
    script = re.sub(r"^aws iam attach-role-policy .*?[^\\]\n", "", script, flags=LINES)
    moto = f"export AWS_ENDPOINT_URL_LAMBDA={stack.aws.endpoint_url}\n"
    zipped = 'zip() { python3 -m zipfile -c "$@"; }\n'  # where there is none
    ended = clients.bash(moto + zipped + script)
    assert ended.status == 0, ended.errors
    pool, client, _ = ended.output.split()[-3:]
    cognito = stack.aws.client("cognito-idp")
    made = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert made["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"] == "V2_0"
    assert made["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    page = f"POOL={pool} CLIENT={client} PageUrl=https://usage.example.com\n"
    (update,) = re.findall(
        r"^aws cognito-idp update-user-pool-client .*?[^\\]\n",
        block(PAGE, "update-user-pool-client"),
        LINES,
    )
    (clients.folder / "config").write_text("[default]\ncli_follow_urlparam = false\n")
    ended = clients.bash(f"export AWS_CONFIG_FILE=config\n{page}{update}")
    assert ended.status == 0, ended.errors
    told = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    assert told["CallbackURLs"] == ["https://usage.example.com/"]
    assert told["WriteAttributes"] == ["email"]
    people = block(PAGE, "admin-add-user-to-group").replace('make deploy-web STACK="$STACK"\n', "")
    ended = clients.bash(page + people)
    assert ended.status == 0, ended.errors
    ada = cognito.admin_get_user(UserPoolId=pool, Username="ada@example.com")
    attributes = {each["Name"]: each["Value"] for each in ada["UserAttributes"]}
    assert attributes["custom:workspace_id"] == "ws-acme"


def test_files_are_exchanged_once_no_query_runs(clients: Clients, stack: LocalStack) -> None:
    _, _, script = block("call-logs.md", "put-function-concurrency").partition("# and none that")
    script, _, _ = script.partition("\nfor FUNCTION")
    s3, bucket = stack.aws.client("s3"), stack.template.physical_name("CallLogBucket")
    names = {
        "CallLogBucketName": bucket,
        "WorkGroupName": stack.template.physical_name("WorkGroup"),
    }
    folder = "workspace_id=ws-exchanged/day=2026-01-31"
    for name in ("small-1", "small-2"):
        s3.put_object(Bucket=bucket, Key=f"api_calls/{folder}/{name}", Body=b"old")
    s3.put_object(Bucket=bucket, Key=f"rewritten/{folder}/large", Body=b"new")
    stack.invoke("ExportFunction", {"workspace_id": "ws-acme", "period": "yesterday"})
    ended = clients.bash(
        "\n".join(f"{name}={value}" for name, value in names.items())
        + "\n# and none that"
        + script.replace("workspace_id=ws-acme", "workspace_id=ws-exchanged")
    )
    assert ended.status == 0, ended.errors
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"api_calls/{folder}/")["Contents"]
    assert [each["Key"].rpartition("/")[2] for each in listed] == ["large"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=f"rewritten/{folder}/")
    s3.delete_object(Bucket=bucket, Key=f"api_calls/{folder}/large")


@pytest.mark.parametrize("calls", [1, 12, 25])
def test_calls_are_sent_a_dozen_to_a_record(clients: Clients, calls: int) -> None:
    (sent,) = blocks("call-logs.md", "json")
    (clients.folder / "calls.json").write_text(sent * calls)
    (program,) = re.findall(r"jq -cs '([^']+)'", block("call-logs.md", "put-record-batch"))
    ended = clients.bash(f"jq -cs '{program.replace(' | @base64', '')}' calls.json")
    assert ended.status == 0, ended.errors
    records = [record["Data"].splitlines() for record in ended.json]
    assert [len(record) for record in records] == [12] * (calls // 12) + [calls % 12][: calls % 12]
    assert all(json.loads(line) == json.loads(sent) for record in records for line in record)
