"""The embedded Step Functions: executions that survive the process that runs them."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.errors import BadRequest, NoSuchExecution
from tasks.ports.clock import Clock, Jitter
from tasks.ports.executions import Execution, HistoryEvent, Status
from workflows.engine import callbacks, history, tokens
from workflows.engine.catalogue import Catalogue
from workflows.engine.context import execution_arn
from workflows.engine.definition import StateMachine, load
from workflows.engine.faults import ExecutionAlreadyExists, NoSuchMachine, NotRedrivable
from workflows.engine.frames import Run
from workflows.engine.integrations import Integrations, Resource, Scripted, resource_of
from workflows.engine.journal import Journal, Row
from workflows.engine.jsontext import dumps, loads, same
from workflows.engine.map_runs import MapRun
from workflows.engine.objects import Objects, StoredObjects
from workflows.engine.ownership import Owner
from workflows.engine.pruning import REDRIVABLE_S, Pruned, prune
from workflows.engine.quotas import MAX_PAYLOAD, too_large
from workflows.engine.redrive import refusal
from workflows.engine.scheduler import Scheduler
from workflows.engine.steps import Step, steps_of
from workflows.engine.times import utc_text

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
PAGE = 500
"""How many executions are read at once where all are asked for."""


class Engine:
    """Starts, drives, resumes and shows executions. It implements `tasks.ports.executions`.

    Several engines, in this process and in others, may work on one home. An execution is driven
    by the one that owns it; everybody may look at all of them, and stop them. An execution's id is
    its ARN; its name, or the beginning of it, does as well where it means one execution only.
    """

    def __init__(
        self,
        home: Path,
        machines: Mapping[str, Mapping[str, Any]],
        integrations: Integrations | Scripted,
        *,
        clock: Clock,
        jitter: Jitter,
        concurrency: int = 4,
        resources: Callable[[str], Resource | None] = resource_of,
        objects: Objects | None = None,
    ) -> None:
        """At most `concurrency` Tasks are in flight at once; `resources` knows what they may call,
        `objects` holds what Distributed Maps read and write. Raises `BadDefinition` for a machine
        that cannot be run, `HomeUnusable` for a journal that cannot be used."""
        self._resources = resources
        self._machines = {name: load(name, text, resources) for name, text in machines.items()}
        self._past: dict[tuple[str, str], StateMachine] = {}
        self._clock = clock
        self._journal = Journal(home / "journal.sqlite")
        self._owner = Owner(home / "run")
        self._scheduler = Scheduler(
            self._journal, self._owner.id, integrations, clock, jitter, concurrency,
            objects or StoredObjects(None), self._loaded, self._launch_nested,
        )  # fmt: skip
        self._driving = threading.Lock()
        self._to_load: set[int] = set()
        self._seen_version = -1
        self._halted = False

    def start(self, machine: str, input: Mapping[str, Any], *, name: str | None = None) -> str:
        """Start an execution and answer its ARN. It is journalled, owned by this engine, and
        moves while `run` is at work. Raises `NoSuchMachine`, `ExecutionAlreadyExists`."""
        name = str(uuid.uuid4()) if name is None else name
        if not _NAME.fullmatch(name):
            raise BadRequest(f"{name!r} is no name for an execution: 1 to 80 plain characters")
        arn, text = execution_arn(machine, name), dumps(input)
        if too_large(text):
            raise BadRequest(
                f"the input has more than {MAX_PAYLOAD:,} bytes; store it, and pass its name"
            )
        return self.launch(self.machine(machine), arn, name, text)

    def launch(
        self,
        machine: StateMachine,
        arn: str,
        name: str,
        input: str,
        *,
        noting: Callable[[int], None] | None = None,
    ) -> str:
        """As `start`, of any machine that was loaded, with an ARN and JSON text for input.

        `noting` is given the new execution's key within the transaction that creates it. Raises
        `ExecutionAlreadyExists`.
        """
        key = self._journal.create(
            machine, arn, name, input, self._owner.id, self._clock.now(), noting=noting
        )
        if key is None:
            found = self._journal.row(arn)
            if not found or found.status != "RUNNING" or not same(loads(found.input), loads(input)):
                raise ExecutionAlreadyExists(arn)
            return arn
        self._to_load.add(key)
        self._scheduler.poke()
        return arn

    def _launch_nested(self, machine: str, name: str, input: str, by: str) -> int:
        """Start an execution for a Task; `by` says which of its attempts."""
        if not _NAME.fullmatch(name):
            raise BadRequest(f"{name!r} is no name for an execution: 1 to 80 plain characters")

        def noting(key: int) -> None:
            self._journal.db.execute(
                "UPDATE executions SET started_by = ? WHERE key = ?", (by, key)
            )

        arn = execution_arn(machine, name)
        self.launch(self.machine(machine), arn, name, input, noting=noting)
        found = self._journal.row(arn)
        assert found is not None
        return found.key

    def machine(self, name: str) -> StateMachine:
        """A machine that came with this engine, or that was made over the API. Raises
        `NoSuchMachine`."""
        if name in self._machines:
            return self._machines[name]
        made = Catalogue(self._journal).machine(name)
        if made is None or made.status != "ACTIVE":
            raise NoSuchMachine(name, self._machines)
        return load(name, loads(made.definition), self._resources)

    @property
    def journal(self) -> Journal:
        """What all executions and machines are kept in."""
        return self._journal

    def run(
        self,
        ids: Collection[str] | None = None,
        *,
        on_event: Callable[[str, HistoryEvent], None] | None = None,
    ) -> None:
        """Drive this engine's executions until those named have ended (default: all it owns).

        Others that are named are waited for, and taken over when their owner dies. `on_event` is
        told each event once it is journalled. An exception, KeyboardInterrupt too, leaves all of
        them as the journal has them: `run` again, here or in another process, goes on.
        """
        wanted = None if ids is None else {self._found(id).key for id in ids}
        with self._driving:
            try:
                self._to_load |= {row.key for row in self._journal.running(self._owner.id)}
                self._drive(wanted, on_event)
            except BaseException:
                self._scheduler.forget()  # memory may be halfway; the journal is not
                raise

    def halt(self) -> None:
        """Let `run` return, now and from now on; may be called on any thread."""
        self._halted = True
        self._scheduler.poke()

    def resume(self, *, waiting: bool = True) -> Sequence[str]:
        """Take over every RUNNING execution whose owner is dead, and answer their ARNs.

        Without `waiting`, those are left that could only wait for an outcome that nobody has sent:
        whoever is not there to stay would be held up by them.
        """
        now = self._clock.now()
        taken = [
            row.arn
            for row in self._journal.running()
            if (waiting or not tokens.only_waits(self._journal, row.key, now))
            and self._take_over(row)
        ]
        self._owner.sweep()
        return taken

    def describe(self, id: str) -> Execution:
        """One execution. Raises `NoSuchExecution`."""
        return _shown(self._found(id))

    def list(
        self, *, machine: str | None = None, status: Status | None = None, limit: int = 100
    ) -> Sequence[Execution]:
        """The newest executions first."""
        return [_shown(row) for row in self._journal.newest(machine, status, limit)]

    def newest(
        self, *, machine: str | None = None, status: Status | None = None
    ) -> Iterator[Execution]:
        """As `list`, but all of them, read as they are asked for."""
        before: int | None = None
        while rows := self._journal.newest(machine, status, PAGE, before=before):
            yield from map(_shown, rows)
            before = rows[-1].key

    def history(self, id: str, *, after: int = 0) -> Sequence[HistoryEvent]:
        """The events of one execution in order, those with a greater id than `after`. Raises
        `NoSuchExecution`."""
        return self._journal.events(self._found(id).key, after=after)

    def definition(self, id: str) -> Any:
        """The definition that an execution was started with. Raises `NoSuchExecution`."""
        return self._journal.definition(self._found(id).digest)

    def version(self) -> int:
        """Changes whenever another process, or another engine, has written to the journal."""
        return self._journal.version()

    def steps(self, id: str) -> Sequence[Step]:
        """Each visit of a state, in the order of entering. Raises `NoSuchExecution`."""
        return steps_of(self.history(id))

    def stop(self, id: str, *, error: str = "", cause: str = "") -> None:
        """Abort a running execution; no Catch runs. Stopping an ended one is no error.

        One that another process drives is aborted by it, within a moment; one that nobody drives
        is aborted here and now.
        """
        row = self._found(id)
        if row.status != "RUNNING":
            return
        self._journal.ask_to_stop(row.key, dumps([error or None, cause or None]))
        mine = row.owner == self._owner.id or self._take_over(row)
        if mine and self._driving.acquire(blocking=False):
            try:
                self._to_load.add(row.key)
                self._load_started()
                self._follow_stops()
                self._scheduler.turn(None)
            except BaseException:
                self._scheduler.forget()
                raise
            finally:
                self._driving.release()
        else:
            self._seen_version = -1
            self._scheduler.poke()

    def redrive(self, id: str) -> float:
        """Let an execution that failed, was stopped or ran out of time go on from what failed,
        under the same ARN; it moves while `run` is at work. Answers the time of the redrive.
        Raises `NoSuchExecution`, `NotRedrivable`."""
        row = self._found(id)
        at = self._clock.now()
        if refused := self.redrive_refusal(row.arn):
            raise NotRedrivable(row.arn, refused)
        if row.map_run is not None:
            raise NotRedrivable(row.arn, "Execution is redriven by its Map Run")
        if not self._journal.redrive(row.key, row.fence, self._owner.id, at):
            raise NotRedrivable(row.arn, "Execution is RUNNING and cannot be redriven")
        self._to_load.add(row.key)
        self._scheduler.poke()
        return at

    def redrive_refusal(self, id: str) -> str | None:
        """Why an execution cannot be redriven, in AWS's words, or None. A child of a map run is
        redriven by redriving the execution that the map run belongs to."""
        row = self._found(id)
        events, has_frames = self._journal.last_event(row.key), self._journal.has_frames(row.key)
        return refusal(row, events, has_frames, self._clock.now())

    def map_runs(self, id: str) -> Sequence[MapRun]:
        """The map runs of an execution, oldest first. Raises `NoSuchExecution`."""
        return self._journal.map_runs_in(self._found(id).key)

    def change_map_run(self, key: int, limits: Mapping[str, float]) -> None:
        """Change `max_concurrency`, `tolerated_count` or `tolerated_percentage` of a map run that
        is under way; children that run go on."""
        self._journal.change_map_run(key, limits)
        self._seen_version = -1  # our own writes do not show as another version
        self._scheduler.poke()

    def children(self, map_run: str) -> Sequence[Execution]:
        """The child executions of the map run with this ARN, in the order of their items; those
        not started yet are not among them. Raises `NoSuchExecution`."""
        found = self._journal.map_run_of(map_run)
        if found is None:
            raise NoSuchExecution(map_run)
        return [_shown(self._journal.by_key(key)) for key in self._journal.children(found.key)]

    def prune(
        self, *, keep_s: float, keep: Collection[str] = (), even_redrivable: bool = False
    ) -> Pruned:
        """Forget executions that ended more than `keep_s` seconds ago, but none of which anything
        still runs, none in `keep` (ARNs), and none that may be redriven unless told to."""
        before = self._clock.now() - keep_s
        redrivable = before if even_redrivable else self._clock.now() - REDRIVABLE_S
        return prune(self._journal, before=before, redrivable_before=redrivable, keep=keep)

    def send_task_success(self, token: str, output: str) -> None:
        """End the Task that waits with this token; `output` is JSON text, and its result. Any
        process may send. Raises `InvalidToken`, `TaskTimedOut`, `InvalidOutput` (all of
        `workflows.engine.tokens`)."""
        tokens.check_output(output)
        self._send(token, callbacks.succeeded(output))

    def send_task_failure(
        self, token: str, *, error: str | None = None, cause: str | None = None
    ) -> None:
        """Let the Task that waits with this token fail. Raises `InvalidToken`, `TaskTimedOut`."""
        self._send(token, callbacks.failed(error, cause))

    def send_task_heartbeat(self, token: str) -> None:
        """Tell that the work goes on: the time to the next heartbeat begins anew. Raises
        `InvalidToken`, `TaskTimedOut`."""
        self._send(token, None)

    def close(self) -> None:
        """Let go of everything; what still runs may be resumed by others at once."""
        self._scheduler.close()
        self._journal.close()
        self._owner.close()

    def _send(self, token: str, outcome: str | None) -> None:
        tokens.send(self._journal, token, outcome, self._clock.now())
        self._seen_version = -1  # our own writes do not show as another version
        self._scheduler.poke()

    def _drive(
        self, wanted: set[int] | None, on_event: Callable[[str, HistoryEvent], None] | None
    ) -> None:
        while not self._halted:
            self._load_started()
            version = self._journal.version()
            if version != self._seen_version or self._scheduler.stops_asked():
                self._seen_version = version
                self._follow_stops()
                self._scheduler.look_around()
                for sent in self._journal.callbacks(self._owner.id):
                    self._scheduler.take_callback(sent)
            if self._scheduler.turn(on_event):
                continue
            mine = self._scheduler.keys | self._to_load
            left = mine if wanted is None else wanted & mine
            others = (wanted or set()) - mine
            if others:
                others = self._still_running(others)
            if not left and not others and not self._to_load:
                return
            if not self._scheduler.wait():
                self._still_running(self._scheduler.elsewhere())

    def _load_started(self) -> None:
        while self._to_load:
            key = self._to_load.pop()
            if key not in self._scheduler.keys and self._journal.is_running(key):
                begun = self._begun(key)
                self._scheduler.add(self._loaded(key), begun=begun)
                if begun:  # what was sent for its Tasks meanwhile is in the journal
                    self._seen_version = -1

    def _follow_stops(self) -> None:
        for key, (error, cause) in self._journal.stops(self._owner.id).items():
            if key in self._scheduler.keys:
                self._scheduler.stop(key, error, cause)

    def _still_running(self, keys: set[int]) -> set[int]:
        running = {k for k, s in self._journal.statuses(keys).items() if s == "RUNNING"}
        for key in running:
            self._take_over(self._journal.by_key(key))
        return running

    def _take_over(self, row: Row) -> bool:
        taken = self._owner.is_dead(row.owner) and self._journal.take_over(
            row.key, row.owner, row.fence, self._owner.id
        )
        if taken:
            self._to_load.add(row.key)
            self._seen_version = -1  # its last owner may have been asked to stop it
        return taken

    def _begun(self, key: int) -> bool:
        return self._journal.last_event(key) > 0

    def _loaded(self, key: int) -> Run:
        """An execution as the journal has it. The machine is that of its start, not today's."""
        row = self._journal.by_key(key)
        machine = self._machines.get(row.machine)
        if machine is None or machine.digest != row.digest:
            known = (row.machine, row.digest)
            if known not in self._past:
                definition = self._journal.definition(row.digest)
                self._past[known] = load(row.machine, definition, self._resources)
            machine = self._past[known]
        run = Run(
            row.key, row.arn, row.name, machine, loads(row.input), row.started_at, row.fence,
            next_event=self._journal.last_event(key) + 1, kind=row.kind, redrives=row.redrives,
            redriven_at=row.redriven_at, map_run=row.map_run, item=row.item,
        )  # fmt: skip
        if self._journal.last_type(key) in history.ENDINGS:
            run.has_ended = True
            run.map_redrives = {m.event: m.redrives for m in self._journal.map_runs_in(key)}
        for frame in self._journal.frames(key):
            run.add(frame)
        return run

    def _found(self, id: str) -> Row:
        rows = self._journal.matching(id)
        if len(rows) > 1:
            raise BadRequest(f"{id!r} means several executions; give more of it, or the whole ARN")
        if not rows:
            raise NoSuchExecution(id)
        return rows[0]


def _shown(row: Row) -> Execution:
    status: Any = row.status
    return Execution(
        row.arn,
        row.machine,
        row.name,
        status,
        utc_text(row.started_at),
        None if row.stopped_at is None else utc_text(row.stopped_at),
        loads(row.input),
        None if row.output is None else loads(row.output),
        row.error,
        row.cause,
    )
