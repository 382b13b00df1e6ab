"""The docs' pictures show each way of a machine."""

from workflows.diagram import page, pages, picture
from workflows.machines import ALL_MACHINES, INGEST_FILE, SETTLE_ABANDONED, SYNC_KNOWLEDGE


def test_a_small_machine_is_drawn_whole():
    assert picture(SYNC_KNOWLEDGE) == [
        "```mermaid",
        "flowchart TD",
        '  sync_knowledge_base["sync_knowledge_base"]',
        '  Synced(["Synced"])',
        "  sync_knowledge_base --> Synced",
        "```",
    ]


def test_forks_rejections_and_compensations_are_drawn():
    lines = {line.strip() for line in picture(INGEST_FILE)}

    assert {
        "how_large -- route is large_tabular --> parse_large",
        "how_large -- else --> parse",
        "is_it_a_series -- has_series is true --> load_timestream",
        "classify -. rejected .-> reject",
        "claim -. ClaimHeld .-> Parked",
        "sync_knowledge_base -. failed .-> knowledge_pending",
        "load_timestream -. failed .-> unload_series",
        'unload_series["unload_series"] --> discard_release',
        'release_claim["release_claim"] --> Failed(["Failed"])',
    } <= lines


def test_every_step_of_every_machine_is_on_its_page():
    for machine in ALL_MACHINES:
        text = page(machine)
        assert [
            name
            for name in machine.steps
            if f"`{name}`" not in text and f"{name}{{" not in text and f'{name}["' not in text
        ] == []


def test_what_is_done_for_each_item_is_on_the_page_of_the_whole():
    assert "  was_it_writing -- release is null --> discard_staging" in page(SETTLE_ABANDONED)


def test_the_index_links_to_every_page():
    made = pages(ALL_MACHINES)

    index = made["docs/machines/README.md"]
    assert [m.name for m in ALL_MACHINES if f"]({m.name}.md)" not in index] == []
    assert len(made) == len(ALL_MACHINES) + 1
