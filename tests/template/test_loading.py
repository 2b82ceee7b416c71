"""Reading any template: short forms, parameters, conditions, intrinsic functions, errors."""

from pathlib import Path

import pytest

from local.template import Template, TemplateError, TemplateParameterError

SMALL_TEMPLATE = """
Parameters:
  Limit: {Type: Number, Default: 10, MinValue: 1, MaxValue: 100}
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
  Name: {Type: String, Default: "", AllowedPattern: "[a-z]*", MaxLength: 5}
  Code: {Type: String, Default: abcd, MinLength: 4, MaxLength: 4}
  Hosts: {Type: CommaDelimitedList, Default: "a,b", AllowedPattern: "[a-z]+"}
  Secret: {Type: String, ConstraintDescription: must be long}
Rules:
  LargeIsNamed:
    RuleCondition: !Equals [!Ref Size, large]
    Assertions:
      - {Assert: !Not [!Equals [!Ref Name, ""]], AssertDescription: A large one needs a Name.}
Conditions:
  Named: !Not [!Equals [!Ref Name, ""]]
  Large: !Equals [!Ref Size, large]
  NamedAndLarge: !And [!Condition Named, !Condition Large]
  NamedOrLarge: !Or [!Condition Named, !Condition Large]
Globals:
  Function:
    Timeout: 3
    MemorySize: 256
    Layers: [one]
    Environment: {Variables: {SHARED: everywhere, LEVEL: INFO}}
Resources:
  Files: {Type: AWS::S3::Bucket}
  Named:
    Type: AWS::S3::Bucket
    Condition: NamedAndLarge
  Work:
    Type: AWS::Athena::WorkGroup
    Properties: {Name: !Sub "${AWS::StackName}-${Name}"}
  Queue: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Group: {Type: AWS::Scheduler::ScheduleGroup, Properties: {Name: !Ref "AWS::StackName"}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: worker.handler
      Timeout: 60
      Layers: [two]
      Environment: {Variables: {LEVEL: DEBUG, LIMIT: !Ref Limit}}
      Events:
        Get: {Type: HttpApi, Properties: {Path: "/things/{id}", Method: get}}
        Daily: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
  Everything:
    Type: Test::Values
    Properties:
      Number: !Ref Limit
      List: !Ref Hosts
      Literal: !Sub "s3://${Files}/day=${!day}/"
      Variables: !Sub ["${Where}/${Limit}", {Where: !If [Large, attic, !Ref Size]}]
      Arn: !GetAtt Files.Arn
      SubArn: !Sub "${Files.Arn}/*"
      LongForm: {"Fn::GetAtt": [Queue, Arn]}
      QueueUrl: !Ref Queue
      QueueName: !GetAtt Queue.QueueName
      TopicArn: !Ref Topic
      GroupName: !Ref Group
      GroupArn: !GetAtt Group.Arn
      Joined: !Join ["-", [x, !Ref Limit]]
      Selected: !Select [1, !Ref Hosts]
      Parts: !Split ["-", !Sub "x-${Limit}"]
      Host: !GetAtt Files.RegionalDomainName
      Left: !If [NamedOrLarge, here, !Ref "AWS::NoValue"]
      Items: [1, !If [Large, 2, !Ref "AWS::NoValue"]]
      Policy: {Action: s3:*, Condition: {Bool: {aws:SecureTransport: "false"}}}
  Secretive:
    Type: Test::Values
    Properties: {Value: !Ref Secret}
  Stranger:
    Type: Test::Values
    Properties: {Value: !GetAtt Files.DomainName}
"""


def load(folder: Path, text: str = SMALL_TEMPLATE, /, **parameters: str) -> Template:
    path = folder / "template.yaml"
    path.write_text(text, encoding="utf-8")
    return Template.load(path, parameters)


def test_intrinsic_functions_give_what_cloudformation_gives(tmp_path: Path) -> None:
    assert load(tmp_path).resource("Everything")["Properties"] == {
        "Number": 10,
        "List": ["a", "b"],
        "Literal": "s3://api-usage-export-files/day=${day}/",
        "Variables": "small/10",
        "Arn": "arn:aws:s3:::api-usage-export-files",
        "SubArn": "arn:aws:s3:::api-usage-export-files/*",
        "LongForm": "arn:aws:sqs:eu-central-1:123456789012:api-usage-export-Queue",
        "QueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/api-usage-export-Queue",
        "QueueName": "api-usage-export-Queue",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:api-usage-export-Topic",
        "GroupName": "api-usage-export",
        "GroupArn": ("arn:aws:scheduler:eu-central-1:123456789012:schedule-group/api-usage-export"),
        "Joined": "x-10",
        "Selected": "b",
        "Parts": ["x", "10"],
        "Host": "api-usage-export-files.s3.eu-central-1.amazonaws.com",
        "Items": [1],
        "Policy": {"Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    }


def test_conditions_choose_values_and_keep_or_drop_resources(tmp_path: Path) -> None:
    plain = load(tmp_path)
    assert set(plain.of_type("AWS::S3::Bucket")) == {"Files"}
    with pytest.raises(TemplateError, match="no resource Named under its parameters"):
        plain.resource("Named")

    large = load(tmp_path, Size="large", Name="x")
    assert set(large.of_type("AWS::S3::Bucket")) == {"Files", "Named"}
    values = large.resource("Everything")["Properties"]
    assert (values["Variables"], values["Left"], values["Items"]) == ("attic/10", "here", [1, 2])


def test_a_resource_has_its_own_name_or_one_that_cloudformation_would_make(tmp_path: Path) -> None:
    template = load(tmp_path, Name="x")
    assert template.physical_name("Work") == "api-usage-export-x"
    assert template.physical_name("Files") == "api-usage-export-files"
    assert template.physical_name("Worker") == "api-usage-export-Worker"


def test_a_function_has_its_globals_and_its_environment_as_text(tmp_path: Path) -> None:
    template = load(tmp_path, Limit="7")
    worker = template.functions()["Worker"]
    assert worker.environment == {"SHARED": "everywhere", "LEVEL": "DEBUG", "LIMIT": "7"}
    assert (worker.handler, worker.timeout, worker.memory) == ("worker.handler", 60, 256)
    assert template.resource("Worker")["Properties"]["Layers"] == ["one", "two"]


def test_only_http_events_are_routes(tmp_path: Path) -> None:
    routes = [(route.method, route.path, route.function) for route in load(tmp_path).routes()]
    assert routes == [("GET", "/things/{id}", "Worker")]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("Colour", "red", "The template has no parameter Colour; it has Code, Hosts, Limit, "),
        ("Limit", "0", "The template parameter Limit cannot be '0': it must be at least 1."),
        ("Limit", "101", "The template parameter Limit cannot be '101': it must be at most 100."),
        ("Limit", "ten", "The template parameter Limit cannot be 'ten': it must be a number."),
        ("Limit", "nan", "The template parameter Limit cannot be 'nan': it must be at least 1."),
        ("Size", "huge", "Size cannot be 'huge': it must be one of small, large."),
        ("Name", "abcdef", "Name cannot be 'abcdef': it must have at most 5 characters."),
        ("Name", "ab\n", "Name cannot be 'ab\\n': it must match [a-z]*."),
        ("Code", "abc", "Code cannot be 'abc': it must have at least 4 characters."),
        ("Hosts", "a,B", "Hosts cannot be 'a,B': it must match [a-z]+."),
        ("Size", "large", "A large one needs a Name."),
    ],
)
def test_a_bad_parameter_is_named_in_a_sentence(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    with pytest.raises(TemplateParameterError) as caught:
        load(tmp_path, **{name: value})
    assert sentence in str(caught.value)


def test_a_parameter_without_a_value_is_missed_only_where_it_is_used(tmp_path: Path) -> None:
    template = load(tmp_path)
    assert "Secret" not in template.parameters
    with pytest.raises(TemplateParameterError, match="parameter Secret needs a value"):
        template.resource("Secretive")
    assert load(tmp_path, Secret="s").resource("Secretive")["Properties"] == {"Value": "s"}


def test_what_is_not_understood_is_an_error_and_never_a_guess(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"cannot work out Fn::GetAtt of .*DomainName"):
        load(tmp_path).resource("Stranger")
    with pytest.raises(TemplateError, match="no resource Nothing"):
        load(tmp_path).resource("Nothing")
    with pytest.raises(TemplateError, match="no resource or parameter Nowhere"):
        load(tmp_path, "Resources: {R: {Type: T, Properties: {V: !Ref Nowhere}}}").resource("R")


@pytest.mark.parametrize("text", ["Resources: [", "just text", "Parameters: {}", "Resources: []"])
def test_what_is_no_template_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TemplateError):
        load(tmp_path, text)


def test_a_template_that_is_not_there_is_named() -> None:
    with pytest.raises(TemplateError, match=r"nowhere\.yaml cannot be read"):
        Template.load(Path("nowhere.yaml"))
