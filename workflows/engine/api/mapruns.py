"""Map runs: what a Distributed Map has to do, did, and may fail at."""

from __future__ import annotations

from workflows.engine.api import arns, paging
from workflows.engine.api.faults import invalid, not_found
from workflows.engine.api.service import Answer, Request, Service, seconds
from workflows.engine.context import machine_arn
from workflows.engine.map_runs import MapRun

_COUNTED = {
    "pending": ("PENDING",),
    "running": ("RUNNING",),
    "succeeded": ("SUCCEEDED",),
    "failed": ("FAILED",),
    "timedOut": ("TIMED_OUT",),
    "aborted": ("ABORTED",),
    "resultsWritten": ("WRITTEN",),
    "pendingRedrive": ("PENDING_REDRIVE",),
}
_LIMITS = {
    "maxConcurrency": "max_concurrency",
    "toleratedFailureCount": "tolerated_count",
    "toleratedFailurePercentage": "tolerated_percentage",
}


def describe(service: Service, request: Request) -> Answer:
    """DescribeMapRun."""
    run = _found(service, request)
    told: Answer = {
        "mapRunArn": run.arn,
        "executionArn": service.engine.journal.by_key(run.execution).arn,
        "status": run.status,
        "startDate": seconds(run.started_at),
        "maxConcurrency": run.max_concurrency,
        "toleratedFailurePercentage": run.tolerated_percentage or 0,
        "toleratedFailureCount": run.tolerated_count or 0,
        "itemCounts": _counts(run, items=True),
        "executionCounts": _counts(run, items=False),
        "redriveCount": run.redrives,
    }
    if run.stopped_at is not None:
        told["stopDate"] = seconds(run.stopped_at)
    if run.redriven_at is not None:
        told["redriveDate"] = seconds(run.redriven_at)
    return told


def every(service: Service, request: Request) -> Answer:
    """ListMapRuns of one execution, newest first."""
    row = service.row(arns.parse(request["executionArn"], "execution"))
    now, size = service.clock.now(), paging.page_size(request)
    below = paging.position("ListMapRuns", request, now)
    runs = [
        run
        for run in reversed(service.engine.journal.map_runs_in(row.key))
        if below is None or run.key < below
    ]
    answer: Answer = {"mapRuns": []}
    for run in runs[:size]:
        item: Answer = {
            "executionArn": row.arn,
            "mapRunArn": run.arn,
            "stateMachineArn": machine_arn(row.machine),
            "startDate": seconds(run.started_at),
        }
        if run.stopped_at is not None:
            item["stopDate"] = seconds(run.stopped_at)
        answer["mapRuns"].append(item)
    if len(runs) > size:
        answer["nextToken"] = paging.token("ListMapRuns", request, runs[size - 1].key, now)
    return answer


def update(service: Service, request: Request) -> Answer:
    """UpdateMapRun, while it is under way."""
    run = _found(service, request)
    if run.status != "RUNNING":
        raise invalid(f"The Map Run is {run.status}; only a RUNNING one can be updated")
    values = {column: request[name] for name, column in _LIMITS.items() if name in request}
    service.engine.change_map_run(run.key, values)
    service.driver.wake()
    return {}


def _counts(run: MapRun, *, items: bool) -> dict[str, int]:
    told = {
        name: run.count(*statuses).items if items else run.count(*statuses).executions
        for name, statuses in _COUNTED.items()
    }
    total = run.total.items if items else run.total.executions
    return {**told, "total": total, "failuresNotRedrivable": 0}


def _found(service: Service, request: Request) -> MapRun:
    arn = arns.parse(request["mapRunArn"], "mapRun")
    run = service.engine.journal.map_run_of(arn.text)
    if run is None:
        raise not_found(arn.text)
    return run
