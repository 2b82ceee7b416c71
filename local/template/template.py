"""What the local stack asks of template.yaml: resources, functions, routes, CORS and throttling."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from local.template.document import read_document
from local.template.errors import TemplateError, TemplateParameterError
from local.template.intrinsics import Intrinsics
from local.template.parameters import parameter_values

TEMPLATE: Final = Path(__file__).parents[2] / "template.yaml"

_FUNCTION: Final = "AWS::Serverless::Function"
_HTTP_API: Final = "AWS::Serverless::HttpApi"


@dataclass(frozen=True)
class Route:
    """One route of the HTTP API."""

    method: str
    path: str
    """As API Gateway writes it: `/exports/{id}`."""
    function: str
    """Logical id of the function that answers."""


@dataclass(frozen=True)
class LambdaFunction:
    """What it takes to run a function as Lambda would."""

    logical_id: str
    handler: str
    environment: dict[str, str]
    timeout: int
    """Seconds."""
    memory: int
    """Megabytes."""


@dataclass(frozen=True)
class Cors:
    """Which pages may call the API from a browser, and how."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    max_age: int
    """Seconds for which a browser may keep a preflight's answer."""


@dataclass(frozen=True)
class Throttling:
    """How many requests an API takes, from all callers together."""

    rate: float
    """A second, in the long run."""
    burst: int
    """At one moment."""


class Template:
    """A template under given parameters, as CloudFormation would deploy it.

    >>> Template.load(parameters={"RowLimit": "10"}).parameters["RowLimit"]
    '10'
    """

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        values = parameter_values(document.get("Parameters", {}), parameters)
        self.parameters: Mapping[str, str] = MappingProxyType(values)
        self._resources: Mapping[str, Mapping[str, Any]] = document["Resources"]
        self._outputs: Mapping[str, Mapping[str, Any]] = document.get("Outputs", {})
        self._function_globals: Mapping[str, Any] = document.get("Globals", {}).get("Function", {})
        self._intrinsics = Intrinsics(document, values)
        self._check_rules(document.get("Rules", {}))

    @classmethod
    def load(
        cls, path: Path = TEMPLATE, parameters: Mapping[str, str] = MappingProxyType({})
    ) -> "Template":
        """Reads a template. Raises `TemplateError`, and `TemplateParameterError` for parameters."""
        return cls(read_document(path), parameters)

    def resource(self, logical_id: str) -> dict[str, Any]:
        """A resource as it stands in the template, its functions worked out.

        Raises `TemplateError` where there is none, or where its condition does not hold.
        """
        if logical_id not in self._logical_ids():
            raise TemplateError(f"The template has no resource {logical_id} under its parameters.")
        resource = dict(self._resources[logical_id])
        if resource["Type"] == _FUNCTION:
            properties = resource.get("Properties", {})
            resource["Properties"] = _with_globals(self._function_globals, properties)
        resolved: dict[str, Any] = self._intrinsics.resolve(resource)
        return resolved

    def of_type(self, resource_type: str) -> dict[str, dict[str, Any]]:
        """Properties of every resource of a type, by logical id."""
        return {
            logical_id: self.resource(logical_id).get("Properties", {})
            for logical_id in self._logical_ids(resource_type)
        }

    def physical_name(self, logical_id: str) -> str:
        """The name a resource carries in AWS: a bucket's, a workgroup's, a database's."""
        return self._intrinsics.physical_name(logical_id)

    @property
    def stack_name(self) -> str:
        """What the stack is called."""
        return str(self._intrinsics.resolve({"Ref": "AWS::StackName"}))

    def outputs(self) -> dict[str, str]:
        """Name of every output that there is under the parameters → its value."""
        return {
            name: str(self._intrinsics.resolve(output["Value"]))
            for name, output in self._outputs.items()
            if "Condition" not in output or self._intrinsics.holds(output["Condition"])
        }

    def output_names(self) -> dict[str | None, list[str]]:
        """Condition → the outputs that there are only where it holds; None → all others."""
        names: dict[str | None, list[str]] = {}
        for name, output in self._outputs.items():
            names.setdefault(output.get("Condition"), []).append(name)
        return names

    def functions(self) -> dict[str, LambdaFunction]:
        """Every Lambda function, by logical id."""
        return {
            logical_id: LambdaFunction(
                logical_id=logical_id,
                handler=properties["Handler"],
                environment={
                    name: str(value)
                    for name, value in properties.get("Environment", {})
                    .get("Variables", {})
                    .items()
                },
                timeout=properties["Timeout"],
                memory=properties["MemorySize"],
            )
            for logical_id, properties in self.of_type(_FUNCTION).items()
        }

    def routes(self) -> list[Route]:
        """Every route of the HTTP API, in the template's order."""
        return [
            Route(event["Properties"]["Method"].upper(), event["Properties"]["Path"], logical_id)
            for logical_id in self._logical_ids(_FUNCTION)
            for event in self._resources[logical_id]["Properties"].get("Events", {}).values()
            if event["Type"] == "HttpApi"
        ]

    def authorizer(self) -> str:
        """Logical id of the function that authorizes every route."""
        auth = self._http_api()["Auth"]
        arn = auth["Authorizers"][auth["DefaultAuthorizer"]]["FunctionArn"]
        for logical_id in self._logical_ids(_FUNCTION):
            if arn == self._intrinsics.resolve({"Fn::GetAtt": [logical_id, "Arn"]}):
                return logical_id
        raise TemplateError(f"The default authorizer {arn} is no function of the template.")

    def cors(self) -> Cors:
        """The HTTP API's CORS configuration."""
        cors = self._http_api()["CorsConfiguration"]
        return Cors(
            allow_origins=tuple(cors["AllowOrigins"]),
            allow_methods=tuple(cors["AllowMethods"]),
            allow_headers=tuple(cors["AllowHeaders"]),
            expose_headers=tuple(cors["ExposeHeaders"]),
            max_age=cors["MaxAge"],
        )

    def throttling(self) -> Throttling:
        """How many requests the HTTP API takes."""
        settings = self._http_api()["DefaultRouteSettings"]
        return Throttling(settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"])

    def _http_api(self) -> dict[str, Any]:
        apis = self.of_type(_HTTP_API)
        if len(apis) != 1:
            raise TemplateError(
                f"The template has {len(apis)} HTTP APIs; the local stack runs one."
            )
        return next(iter(apis.values()))

    def _logical_ids(self, resource_type: str | None = None) -> list[str]:
        return [
            logical_id
            for logical_id, resource in self._resources.items()
            if resource_type in (None, resource["Type"])
            and ("Condition" not in resource or self._intrinsics.holds(resource["Condition"]))
        ]

    def _check_rules(self, rules: Mapping[str, Any]) -> None:
        for rule in rules.values():
            if "RuleCondition" in rule and not self._intrinsics.holds(rule["RuleCondition"]):
                continue
            for assertion in rule["Assertions"]:
                if not self._intrinsics.holds(assertion["Assert"]):
                    raise TemplateParameterError(assertion["AssertDescription"])


def _with_globals(defaults: Any, own: Any) -> Any:
    """SAM's merge: mappings by key, lists one after the other, anything else the function's own."""
    if isinstance(defaults, dict) and isinstance(own, dict):
        return defaults | {
            key: _with_globals(defaults[key], value) if key in defaults else value
            for key, value in own.items()
        }
    if isinstance(defaults, list) and isinstance(own, list):
        return [*defaults, *own]
    return own
