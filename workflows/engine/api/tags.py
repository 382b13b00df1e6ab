"""The tags of state machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workflows.engine.api import arns
from workflows.engine.api.faults import ApiError, invalid, not_found
from workflows.engine.api.service import Answer, Request, Service

MOST = 50


def tag(service: Service, request: Request) -> Answer:
    """TagResource: a key that is there gets the new value."""
    arn = _resource(service, request)
    service.catalogue.set_tags(
        arn, _bounded({**service.catalogue.tags(arn), **as_tags(request["tags"])}, arn)
    )
    return {}


def untag(service: Service, request: Request) -> Answer:
    """UntagResource: a key that is not there is no error."""
    arn = _resource(service, request)
    kept = {k: v for k, v in service.catalogue.tags(arn).items() if k not in request["tagKeys"]}
    service.catalogue.set_tags(arn, kept)
    return {}


def tags_of(service: Service, request: Request) -> Answer:
    """ListTagsForResource."""
    tags = service.catalogue.tags(_resource(service, request))
    return {"tags": [{"key": k, "value": v} for k, v in tags.items()]}


def as_tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags by key. Raises `ValidationException` for one without a key, or with AWS's own."""
    tags: dict[str, str] = {}
    for each in given:
        if "key" not in each or each["key"].lower().startswith("aws:"):
            raise invalid("A tag needs a key that does not begin with 'aws:'")
        tags[each["key"]] = each.get("value", "")
    return _bounded(tags, "")


def _bounded(tags: dict[str, str], arn: str) -> dict[str, str]:
    if len(tags) > MOST:
        raise ApiError("TooManyTags", f"A resource has at most {MOST} tags: '{arn}'")
    return tags


def _resource(service: Service, request: Request) -> str:
    arn = arns.parse(request["resourceArn"], "stateMachine")
    if arn.text != arn.plain or service.catalogue.machine(arn.machine) is None:
        raise not_found(arn.text)
    return arn.text
