"""Rules across rows, the flags they add, and the release that is written."""

from datetime import datetime, timedelta

import pytest

from tasks.errors import OverlappingSource
from tasks.ports.ledger import NewRelease, ReleaseFile, ReleaseRecord
from tasks.tests.reading import HEADER, OpenLedger, read

VALUE = "val_cargaenergiahomwmed"
ENTITIES = {"N": "NORTE", "NE": "NORDESTE", "S": "SUL", "SE": "SUDESTE"}
BALANCE = (
    "id_subsistema;nom_subsistema;din_instante;val_gerhidraulica;val_gertermica;val_gereolica;"
    "val_gersolar;val_carga;val_intercambio\n"
)


def curve(first: str, hours: int, *, leave_out=(), value: str = "5000.00000000") -> str:
    """A whole hourly curve of the four subsystems, without the (hour, entity) left out."""
    start = datetime.fromisoformat(first)
    return "".join(
        f"{entity};{name};{start + timedelta(hours=hour)};{value}\n"
        for hour in range(hours)
        for entity, name in ENTITIES.items()
        if (hour, entity) not in leave_out and (hour, None) not in leave_out
    )


def balance(load_of: dict[str, list[str]]) -> str:
    """Hours of a balance whose loads are given for each entity; generation equals load."""
    names = {**ENTITIES, "SIN": "SISTEMA INTERLIGADO NACIONAL"}
    return "".join(
        f"{entity};{names[entity]};{datetime(2024, 1, 1) + timedelta(hours=hour)};"  # noqa: DTZ001  # wall time
        f"{load};0E-8;0E-8;0E-8;{load};0E-8\n"
        for entity, loads in load_of.items()
        for hour, load in enumerate(loads)
    )


def test_a_complete_file_has_no_finding(tmp_path):
    got = read(tmp_path, HEADER + curve("2024-01-01", 48))

    assert got.document.findings == ()
    assert (got.document.first_time, got.document.last_time) == (
        "2024-01-01T00:00:00",
        "2024-01-02T23:00:00",
    )


def test_a_missing_day_is_told_with_its_date_and_entities(tmp_path):
    gone = {(hour, entity) for hour in range(24, 48) for entity in ("N", "SE")}

    got = read(tmp_path, HEADER + curve("2024-01-01", 72, leave_out=gone))

    [finding] = got.document.findings
    assert (finding.rule, finding.severity, finding.count) == ("missing_rows", "note", 48)
    assert "48 of 288 rows are not there, on 2024-01-02 (48: N, SE)" in finding.message


def test_the_hour_that_daylight_saving_left_out_is_explained_and_not_missing(tmp_path):
    got = read(tmp_path, HEADER + curve("2012-10-20", 72, leave_out={(24, None)}), name="a.csv")

    [finding] = got.document.findings
    assert (finding.rule, finding.severity, finding.count) == ("daylight_saving", "note", 4)
    assert "2012-10-21 are absent" in finding.message


def test_rows_in_the_hour_that_daylight_saving_left_out_are_kept_and_explained(tmp_path):
    hole = "".join(f"{e};{n};2018-11-04 00:00:00;\n" for e, n in ENTITIES.items())
    body = curve("2018-11-03", 48, leave_out={(24, None)})

    got = read(tmp_path, HEADER + body + hole, name="a.csv")

    assert [f.rule for f in got.document.findings] == ["daylight_saving"]
    assert set(map(tuple, got.flags().values())) == {("daylight_saving",)}
    assert got.document.rows_published == 192


def test_rows_of_one_key_are_all_published_and_flagged(tmp_path):
    again = "N;NORTE;2024-01-01 00:00:00;7.00000000\n"

    got = read(tmp_path, HEADER + curve("2024-01-01", 24) + again)

    assert got.found("duplicate_key") == [(2, "flag")]
    assert {line for line, flags in got.flags().items() if "duplicate_key" in flags} == {2, 98}
    assert got.document.rows_published == 97


def test_flags_of_validation_join_those_of_parsing_and_leave_the_rows_in_order(tmp_path):
    again = "N;NORTE;2024-01-01 00:00:00;\n"

    got = read(tmp_path, HEADER + curve("2024-01-01", 24) + again)

    assert got.flags()[98] == [f"empty_{VALUE}", "duplicate_key"]
    assert [line for (line,) in got.rows("_source_row")] == list(range(2, 99))


def test_doubled_parts_of_a_total_are_found_and_the_parts_are_flagged(tmp_path):
    parts = {entity: ["5000.00000000"] * 3 for entity in ENTITIES}
    total = ["20000.00000000"] * 3
    for entity in ENTITIES:
        parts[entity][1] = "10000.00000000"

    got = read(
        tmp_path, BALANCE + balance({**parts, "SIN": total}), "balanco-energia-subsistema",
        name="BALANCO_ENERGIA_SUBSISTEMA_2024.csv",
    )  # fmt: skip

    found = [f for f in got.document.findings if f.first and f.first.column == "val_carga"]
    assert [(f.count, f.severity) for f in found] == [(4, "flag")]
    assert "2024-01-01" in found[0].message
    rule = found[0].rule
    flagged = {line for line, flags in got.flags().items() if rule in flags}
    assert flagged == {3, 6, 9, 12}


def test_a_total_within_the_tolerance_is_no_finding(tmp_path):
    parts = {entity: ["5000.00100000"] for entity in ENTITIES}

    got = read(
        tmp_path, BALANCE + balance({**parts, "SIN": ["20000.00000000"]}),
        "balanco-energia-subsistema", name="BALANCO_ENERGIA_SUBSISTEMA_2024.csv",
    )  # fmt: skip

    assert got.document.findings == ()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "CURVA_CARGA_2023.csv",
            ["The name says 2023, but the rows are of 2024-01-01 to 2024-01-01."],
        ),
        ("CURVA_CARGA_2024.csv", []),
        ("curva.csv", []),
    ],
)
def test_a_name_of_another_year_than_the_rows_is_noted(tmp_path, name, told):
    got = read(tmp_path, HEADER + curve("2024-01-01", 2), name=name)

    assert [f.message for f in got.document.findings] == told


def test_keys_that_another_source_publishes_refuse_the_file(tmp_path):
    other = read(tmp_path / "other", HEADER + curve("2024-01-01", 24))
    ledger = OpenLedger([record_of(tmp_path, other)])

    with pytest.raises(OverlappingSource) as caught:
        read(
            tmp_path, HEADER + curve("2024-01-01", 2), name="CURVA_CARGA_2024_01.csv",
            source="CURVA_CARGA_2024_01", ledger=ledger,
        )  # fmt: skip

    assert (caught.value.other, caught.value.rows) == ("CURVA_CARGA_2024", 8)


def test_another_time_or_the_same_source_does_not_overlap(tmp_path):
    other = read(tmp_path / "other", HEADER + curve("2024-01-01", 24))
    ledger = OpenLedger([record_of(tmp_path, other)])

    later = read(
        tmp_path / "later", HEADER + curve("2024-01-02", 24), source="CURVA_CARGA_2024_01",
        ledger=ledger,
    )  # fmt: skip
    same = read(tmp_path / "same", HEADER + curve("2024-01-01", 24), ledger=ledger)

    assert (later.document.rows_published, same.document.rows_published) == (96, 96)


def test_the_ledger_is_told_of_the_release_before_it_is_written(tmp_path):
    ledger = OpenLedger()

    read(tmp_path, HEADER + curve("2024-01-01", 1), ledger=ledger)

    assert ledger.intended == ["r1"]


def record_of(folder, got) -> ReleaseRecord:
    """The release as the ledger would have it, its parts copied to where `read` looks."""
    files = []
    for path in got.parts:
        key = f"releases/other/{path.name}"
        for place in ("", "later", "same"):
            target = folder / place / "objects" / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        files.append(ReleaseFile(key, 96, path.stat().st_size))
    new = NewRelease(
        "other", "curva-carga", "CURVA_CARGA_2024", "2024-01-01T00:00:00Z", "0" * 64, "1", "raw/x",
        "x.csv", "e", 96, 96, 0, 0, got.document.first_time, got.document.last_time, tuple(files),
        "releases/other/release.json",
    )  # fmt: skip
    return ReleaseRecord(new, "current", "2024-01-01T00:00:00Z", "synced")
