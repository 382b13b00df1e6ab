"""A machine that cannot work cannot be built, and the message names what is wrong."""

from dataclasses import dataclass
from typing import Literal

import pytest

from tasks.errors import ClaimHeld, ClaimLost, CutOff, WrongHeader
from tasks.reject.spec import RejectFile
from tasks.spec import TaskSpec
from workflows.emit import to_asl
from workflows.machines.model import Choose, Done, Each, Field, Machine, Note, Step, WrongMachine
from workflows.machines.plan import At


@dataclass(frozen=True)
class Parcel:
    label: str
    sender: str | None = None


@dataclass(frozen=True)
class Nothing:
    pass


@dataclass(frozen=True)
class Weighed:
    kilos: int
    size: Literal["small", "large"]
    fragile: bool


@dataclass(frozen=True)
class Stamp:
    label: str
    kilos: int


@dataclass(frozen=True)
class Stamped:
    stamp: str


@dataclass(frozen=True)
class Told:
    error: str


@dataclass(frozen=True)
class Stamps:
    stamps: tuple[Stamped, ...]


def task(name="weigh", takes=Nothing, gives=Weighed, raises=(), **more):
    return TaskSpec(
        name=name, takes=takes, gives=gives, summary=f"To {name}.", raises=raises, **more
    )


WEIGH = task("weigh", gives=Weighed)
STAMP = task("stamp", takes=Stamp, gives=Stamped)
UNSTAMP = task("unstamp", takes=Stamped, gives=Nothing)
UNWEIGH = task("unweigh", takes=Parcel, gives=Nothing)
SMALL = {"kilos": 1, "size": "small", "fragile": False}
SENT = {"Sent": Done(("label",))}


def machine(steps, endings=SENT, **more):
    return Machine(
        name="post", summary="A parcel.", takes=Parcel, steps=steps, endings=endings, **more
    )


def refusal(steps, endings=SENT):
    with pytest.raises(WrongMachine) as caught:
        machine(steps, endings)
    return str(caught.value)


def test_a_step_is_sent_what_its_contract_takes_from_the_latest_giver():
    post = machine({"weigh": Step(WEIGH, then="stamp"), "stamp": Step(STAMP, then="Sent")})

    assert post.plan.sent["stamp"] == {"label": At("$.label"), "kilos": At("$.weigh.kilos")}


def test_without_any_step_a_machine_is_refused():
    assert refusal({}) == "post: steps: there are none"


def test_an_input_that_is_no_dataclass_is_refused():
    with pytest.raises(WrongMachine, match="is not a dataclass"):
        Machine("post", "A parcel.", dict, {"weigh": Step(WEIGH, then="Sent")}, SENT)


def test_an_input_that_asks_for_the_execution_is_refused():
    with pytest.raises(WrongMachine, match="execution is known without being asked for"):
        Machine("post", "A parcel.", RejectFile, {"weigh": Step(WEIGH, then="Sent")}, SENT)


@pytest.mark.parametrize(
    "node",
    [
        Step(WEIGH, then="nowhere"),
        Step(WEIGH, then="Sent", failed="nowhere"),
        Step(task(raises=(CutOff,)), then="Sent", rejected="nowhere"),
        Step(task(raises=(ClaimHeld,)), then="Sent", catches={ClaimHeld: "nowhere"}),
        Choose("label", {"a": "nowhere"}, default="Sent"),
        Choose("label", {"a": "Sent"}, default="nowhere"),
        Note({}, then="nowhere"),
    ],
    ids=["next", "failed", "rejected", "catch", "choice", "default", "note"],
)
def test_a_way_to_a_step_that_does_not_exist_is_refused(node):
    assert refusal({"weigh": node}) == "post: weigh: leads to nowhere, which does not exist"


def test_a_way_back_up_the_table_is_refused():
    assert refusal({"weigh": Step(WEIGH, then="again"), "again": Step(WEIGH, then="weigh")}) == (
        "post: again: leads back to weigh; ways only go down"
    )


def test_a_step_that_nothing_leads_to_is_refused():
    steps = {"weigh": Step(WEIGH, then="Sent"), "lonely": Step(WEIGH, then="Sent")}

    assert refusal(steps) == "post: lonely: nothing leads there"


def test_an_ending_that_nothing_leads_to_is_refused():
    endings = {**SENT, "Lost": Done(())}

    assert refusal({"weigh": Step(WEIGH, then="Sent")}, endings) == (
        "post: Lost: nothing leads there"
    )


def test_a_rejection_with_nowhere_to_go_is_refused():
    assert refusal({"weigh": Step(task(raises=(CutOff,)), then="Sent")}) == (
        "post: weigh: CutOff has nowhere to go"
    )


def test_a_way_for_rejections_that_never_come_is_refused():
    assert refusal({"weigh": Step(WEIGH, then="Sent", rejected="Sent")}) == (
        "post: weigh: weigh rejects nothing"
    )


def test_a_held_claim_with_nowhere_to_go_is_refused():
    assert refusal({"weigh": Step(task(raises=(ClaimHeld,)), then="Sent")}) == (
        "post: weigh: ClaimHeld has nowhere to go"
    )


def test_catching_an_error_that_never_comes_is_refused():
    assert refusal({"weigh": Step(WEIGH, then="Sent", catches={CutOff: "Sent"})}) == (
        "post: weigh: weigh never raises CutOff"
    )


def test_taking_what_nobody_gave_is_refused():
    assert refusal({"stamp": Step(STAMP, then="Sent")}) == (
        "post: stamp: kilos is not known on every way here"
    )


def test_taking_what_only_some_ways_gave_is_refused_where_null_does_not_fit():
    steps = {
        "which": Choose("label", {"heavy": "weigh"}, default="stamp"),
        "weigh": Step(WEIGH, then="stamp"),
        "stamp": Step(STAMP, then="Sent"),
    }

    assert refusal(steps) == "post: stamp: kilos is int | null, not int"


def test_taking_what_two_steps_gave_on_two_ways_is_refused():
    steps = {
        "which": Choose("label", {"heavy": "weigh"}, default="guess"),
        "weigh": Step(WEIGH, then="stamp"),
        "guess": Step(WEIGH, then="stamp"),
        "stamp": Step(STAMP, then="Sent"),
    }

    assert refusal(steps) == "post: stamp: kilos is given by both weigh and guess"


def test_taking_the_error_where_there_may_be_none_is_refused():
    tell = task("tell", takes=Told, gives=Nothing)
    steps = {
        "weigh": Step(WEIGH, then="tell", failed="tell"),
        "tell": Step(tell, then="Sent"),
    }

    assert refusal(steps) == "post: tell: error is not known on every way here"


def test_two_ways_may_give_a_field_under_one_name():
    post = machine(
        {
            "which": Choose("label", {"heavy": "weigh"}, default="guess"),
            "weigh": Step(WEIGH, then="stamp"),
            "guess": Note(SMALL, then="stamp", under="weigh"),
            "stamp": Step(STAMP, then="Sent"),
        }
    )

    assert post.plan.sent["stamp"]["kilos"] == At("$.weigh.kilos")


def test_two_steps_that_keep_different_fields_under_one_name_are_refused():
    steps = {
        "weigh": Step(WEIGH, then="guess"),
        "guess": Note({"kilos": 1}, then="Sent", under="weigh"),
    }

    assert refusal(steps) == "post: guess: weigh has other fields already"


@pytest.mark.parametrize("under", ["label", "error"])
def test_a_result_that_would_bury_the_input_or_the_error_is_refused(under):
    assert refusal({"weigh": Step(WEIGH, then="Sent", under=under)}) == (
        f"post: weigh: {under} has other fields already"
    )


def test_taking_a_value_of_another_type_is_refused():
    steps = {
        "weigh": Note({"kilos": "many"}, then="stamp"),
        "stamp": Step(STAMP, then="Sent"),
    }

    assert refusal(steps) == "post: stamp: kilos is 'many', not int"


def test_null_goes_only_where_null_is_taken():
    address = task("address", takes=Address, gives=Nothing)

    assert refusal({"address": Step(address, then="Sent")}) == (
        "post: address: sender is null | str, not str"
    )


def test_after_null_was_sent_elsewhere_the_field_is_taken_as_given():
    address = task("address", takes=Address, gives=Nothing)

    post = machine(
        {
            "is_there_one": Choose("sender", {None: "Sent"}, default="address"),
            "address": Step(address, then="Sent"),
        }
    )

    assert post.plan.sent["address"] == {"sender": At("$.sender")}


@dataclass(frozen=True)
class Address:
    sender: str


def test_a_constant_for_a_field_that_the_task_does_not_take_is_refused():
    assert refusal({"weigh": Step(WEIGH, then="Sent", says={"colour": "red"})}) == (
        "post: weigh: weigh takes no colour"
    )


def test_a_constant_of_another_type_is_refused():
    assert refusal({"stamp": Step(STAMP, then="Sent", says={"kilos": None})}) == (
        "post: stamp: kilos is null, not int"
    )


@pytest.mark.parametrize(("on", "value"), [("size", "huge"), ("fragile", "yes"), ("kilos", None)])
def test_choosing_a_value_that_the_field_never_has_is_refused(on, value):
    steps = {
        "weigh": Step(WEIGH, then="which"),
        "which": Choose(on, {value: "Sent"}, default="Sent"),
    }

    assert refusal(steps).startswith(f"post: which: {on} is ")


def test_choosing_on_a_field_that_is_not_known_is_refused():
    assert refusal({"which": Choose("kilos", {}, default="Sent")}) == (
        "post: which: kilos is not known on every way here"
    )


def test_going_over_what_is_no_list_of_the_items_is_refused():
    one = Machine("one", "One.", Stamped, {"n": Note({}, then="Seen")}, {"Seen": Done(("stamp",))})

    assert refusal({"each": Each("label", one, then="Sent")}) == (
        "post: each: label is no list of Stamped"
    )


def test_a_list_is_gone_over_by_the_machine_that_takes_its_items():
    one = Machine("one", "One.", Stamped, {"n": Note({}, then="Seen")}, {"Seen": Done(("stamp",))})

    post = machine(
        {
            "book": Step(task("book", gives=Stamps), then="each"),
            "each": Each("stamps", one, then="Sent", at_once=2),
        }
    )

    assert to_asl(post)["States"]["each"]["ItemsPath"] == "$.book.stamps"


def test_two_states_of_one_name_are_refused_even_inside_a_list():
    one = Machine("one", "One.", Stamped, {"n": Note({}, then="Sent")}, {"Sent": Done(("stamp",))})
    steps = {
        "book": Step(task("book", gives=Stamps), then="each"),
        "each": Each("stamps", one, then="Sent"),
    }

    assert refusal(steps) == "post: Sent: two states would have this name"


def test_an_output_field_that_is_said_but_not_listed_is_refused():
    endings = {"Sent": Done(("label",), says={"colour": "red"})}

    assert (
        refusal({"weigh": Step(WEIGH, then="Sent")}, endings) == "post: Sent: has no field colour"
    )


def test_an_output_field_under_another_name_must_be_known():
    endings = {"Sent": Done(("weight",), says={"weight": Field("grams")})}

    assert refusal({"weigh": Step(WEIGH, then="Sent")}, endings) == (
        "post: Sent: grams is not known on every way here"
    )


def test_what_some_ways_to_an_ending_never_find_out_is_null_from_the_beginning():
    post = machine(
        {
            "which": Choose("label", {"heavy": "weigh"}, default="Sent"),
            "weigh": Step(WEIGH, then="Sent"),
        },
        {"Sent": Done(("kilos", "stamp"))},
    )

    asl = to_asl(post)["States"]
    assert asl["defaults"]["Parameters"]["unknown"] == {"weigh": {"kilos": None}}
    assert asl["report_sent"]["Parameters"] == {"kilos.$": "$.weigh.kilos", "stamp": None}


def test_a_failure_walks_back_through_what_was_done_the_last_first():
    post = machine(
        {
            "weigh": Step(WEIGH, then="stamp", undo=UNWEIGH),
            "stamp": Step(STAMP, then="check", undo=UNSTAMP),
            "check": Step(task("check", gives=Nothing), then="Sent"),
        }
    )

    assert post.undo_ways == (("unstamp", "unweigh"), ("unweigh", "Failed"))
    # Stamping that failed cannot be undone itself: without its result nobody knows the stamp.
    assert post.plan.failures == {"weigh": "unweigh", "stamp": "unweigh", "check": "unstamp"}


def test_a_compensation_that_no_failure_reaches_is_refused():
    steps = {"weigh": Step(WEIGH, then="Sent", undo=UNWEIGH, failed="Sent")}

    assert refusal(steps) == "post: unweigh: no failure leads to this compensation"


def test_a_lost_lease_leads_straight_to_the_end():
    post = machine({"weigh": Step(task(raises=(ClaimLost,)), then="Sent", undo=UNWEIGH)})

    assert [(c["ErrorEquals"], c["Next"]) for c in to_asl(post)["States"]["weigh"]["Catch"]] == [
        (["ClaimLost"], "Failed"),
        (["States.ALL"], "unweigh"),
    ]


def test_rejections_are_caught_by_the_names_of_the_leaves_that_the_task_raises():
    weigh = task(raises=(CutOff, WrongHeader))
    post = machine({"weigh": Step(weigh, then="Sent", rejected="Sent")})

    first = to_asl(post)["States"]["weigh"]["Catch"][0]
    assert first == {
        "ErrorEquals": ["CutOff", "WrongHeader"],
        "ResultPath": "$.error",
        "Next": "report_sent",
    }


def test_names_that_the_emitter_adds_are_kept_apart_from_the_table_s():
    post = machine({"report_sent": Step(WEIGH, then="Sent")})

    with pytest.raises(WrongMachine, match="report_sent: two states have this name"):
        to_asl(post)
