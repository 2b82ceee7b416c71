"""Intrinsic functions, worked out as CloudFormation would for one made-up account.

A function, attribute or name that is not known here is an error, never a guess.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from local.template.errors import TemplateError, TemplateParameterError

_NO_VALUE: Final = object()
_HTTP_API: Final = "AWS::Serverless::HttpApi"

_PSEUDO_PARAMETERS: Final[Mapping[str, Any]] = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": _NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "api-usage-export",
    "AWS::URLSuffix": "amazonaws.com",
}

_NAME_PROPERTY: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::ApiGatewayV2::DomainName": ("DomainName",),
    "AWS::Athena::WorkGroup": ("Name",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::Glue::Database": ("DatabaseInput", "Name"),
    "AWS::Glue::Table": ("TableInput", "Name"),
    "AWS::KinesisFirehose::DeliveryStream": ("DeliveryStreamName",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::Logs::LogStream": ("LogStreamName",),
    "AWS::Scheduler::ScheduleGroup": ("Name",),
}
"""Where a resource names itself; the others get a name made by CloudFormation."""

_REF: Final = {
    "AWS::SNS::Topic": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${Name}",
    "AWS::SQS::Queue": "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/${Name}",
}
"""What `Ref` gives where that is not the name."""

_ARN: Final = {
    "AWS::CloudWatch::Alarm": "cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${Name}",
    "AWS::IAM::Role": "iam::${AWS::AccountId}:role/${Name}",
    "AWS::KMS::Key": "kms:${AWS::Region}:${AWS::AccountId}:key/${Name}",
    "AWS::KinesisFirehose::DeliveryStream": (
        "firehose:${AWS::Region}:${AWS::AccountId}:deliverystream/${Name}"
    ),
    "AWS::Logs::LogGroup": "logs:${AWS::Region}:${AWS::AccountId}:log-group:${Name}:*",
    "AWS::S3::Bucket": "s3:::${Name}",
    "AWS::Scheduler::ScheduleGroup": (
        "scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/${Name}"
    ),
    "AWS::SQS::Queue": "sqs:${AWS::Region}:${AWS::AccountId}:${Name}",
    "AWS::Serverless::Function": "lambda:${AWS::Region}:${AWS::AccountId}:function:${Name}",
}

_ATTRIBUTE: Final = {
    ("AWS::ApiGatewayV2::DomainName", "RegionalDomainName"): (
        "${Name}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
    ),
    ("AWS::CloudFront::Distribution", "DomainName"): "${Name}.cloudfront.net",
    ("AWS::S3::Bucket", "RegionalDomainName"): "${Name}.s3.${AWS::Region}.${AWS::URLSuffix}",
    ("AWS::SQS::Queue", "QueueName"): "${Name}",
}
"""Attributes beside the ARN."""


class Intrinsics:
    """The functions of one document under one set of parameter values."""

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._declared: Mapping[str, Any] = document.get("Parameters", {})
        self._conditions: Mapping[str, Any] = document.get("Conditions", {})
        self._resources: Mapping[str, Any] = document["Resources"]
        self._parameters = parameters

    def resolve(self, value: Any) -> Any:
        """The value with every function worked out; what is `AWS::NoValue` is left out."""
        match value:
            case list():
                items = [self.resolve(item) for item in value]
                return [item for item in items if item is not _NO_VALUE]
            case {"Ref": str(name)} if len(value) == 1:
                return self._ref(name)
            case dict() if len(value) == 1 and next(iter(value)).startswith("Fn::"):
                return self._call(*next(iter(value.items())))
            case dict():
                pairs = {key: self.resolve(item) for key, item in value.items()}
                return {key: item for key, item in pairs.items() if item is not _NO_VALUE}
        return value

    def holds(self, condition: Any) -> bool:
        """Whether a condition is true: one of the template's by name, or an expression."""
        match condition:
            case str() if condition in self._conditions:
                return self.holds(self._conditions[condition])
            case {"Condition": str(name)}:
                return self.holds(name)
            case {"Fn::Equals": [left, right]}:
                return str(self.resolve(left)) == str(self.resolve(right))
            case {"Fn::Contains": [choices, value]}:
                return str(self.resolve(value)) in map(str, self.resolve(choices))
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": [*inner]}:
                return all(map(self.holds, inner))
            case {"Fn::Or": [*inner]}:
                return any(map(self.holds, inner))
        raise TemplateError(f"The template has no condition {condition}.")

    def physical_name(self, logical_id: str) -> str:
        """The name a resource carries in AWS: its own, or one as CloudFormation makes them."""
        resource = self._resource(logical_id)
        named: Any = resource.get("Properties", {})
        if resource["Type"] in _NAME_PROPERTY:
            for key in _NAME_PROPERTY[resource["Type"]]:
                named = named[key]
            return str(self.resolve(named))
        made = f"{_PSEUDO_PARAMETERS['AWS::StackName']}-{logical_id}"
        return made.lower() if resource["Type"] == "AWS::S3::Bucket" else made

    def _resource(self, logical_id: str) -> Mapping[str, Any]:
        if logical_id not in self._resources:
            raise TemplateError(f"The template has no resource or parameter {logical_id}.")
        resource: Mapping[str, Any] = self._resources[logical_id]
        return resource

    def _call(self, function: str, argument: Any) -> Any:
        match function, argument:
            case "Fn::Sub", str(text):
                return self._substitute(text, {})
            case "Fn::Sub", [str(text), dict(variables)]:
                return self._substitute(text, self.resolve(variables))
            case "Fn::GetAtt", [str(logical_id), "Arn"]:
                return self._arn(logical_id)
            case "Fn::GetAtt", [str(logical_id), str(attribute)] if text := _ATTRIBUTE.get(
                (self._resource(logical_id)["Type"], attribute)
            ):
                return self._substitute(text, {"Name": self.physical_name(logical_id)})
            case "Fn::If", [str(condition), yes, no]:
                return self.resolve(yes if self.holds(condition) else no)
            case "Fn::Join", [str(separator), items]:
                return separator.join(map(str, self.resolve(items)))
            case "Fn::Select", [index, items]:
                return self.resolve(items)[int(index)]
            case "Fn::Split", [str(separator), text]:
                return str(self.resolve(text)).split(separator)
        raise TemplateError(f"The local stack cannot work out {function} of {argument}.")

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO_PARAMETERS:
            return _PSEUDO_PARAMETERS[name]
        if name.endswith(".Stage") and self._resource(name[:-6])["Type"] == _HTTP_API:
            return "$default"  # the stage that SAM makes with an HTTP API
        if name not in self._declared:
            reference = _REF.get(self._resource(name)["Type"], "${Name}")
            return self._substitute(reference, {"Name": self.physical_name(name)})
        if name not in self._parameters:
            raise TemplateParameterError(f"The template parameter {name} needs a value.")
        text = self._parameters[name]
        match self._declared[name]["Type"]:
            case "Number":
                return int(text) if text.lstrip("-").isdecimal() else float(text)
            case "CommaDelimitedList":
                return [item.strip() for item in text.split(",")]
        return text

    def _arn(self, logical_id: str) -> str:
        resource_type = self._resource(logical_id)["Type"]
        if resource_type not in _ARN:
            raise TemplateError(
                f"The local stack knows no ARN for {logical_id}, a {resource_type}."
            )
        name = {"Name": self.physical_name(logical_id)}
        return self._substitute("arn:${AWS::Partition}:" + _ARN[resource_type], name)

    def _substitute(self, text: str, variables: Mapping[str, Any]) -> str:
        def replacement(match: re.Match[str]) -> str:
            name = match["name"]
            if match["literal"]:
                return f"${{{name}}}"
            if name in variables:
                return str(variables[name])
            if "." in name:
                return str(self._call("Fn::GetAtt", name.split(".", 1)))
            return str(self._ref(name))

        return re.sub(r"\$\{(?P<literal>!?)(?P<name>[^}]+)\}", replacement, text)
