"""The pages say what the contracts say, and the committed ones have not drifted."""

from pathlib import Path

import pytest

from tasks.datasets.checks import checks_of
from tasks.datasets.docs import CREDIT, dataset_page, generated_files, index_page
from tasks.datasets.registry import all_contracts, contract_for

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", generated_files(), ids=str)
def test_the_committed_file_is_the_generated_one(path):
    assert (ROOT / path).read_text("utf-8") == generated_files()[path]


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda c: c.slug)
def test_a_page_names_each_column_check_and_unit_and_credits_ons(contract):
    page = dataset_page(contract)

    for column in contract.columns:
        assert f"| `{column.name}` | {column.kind} | {column.unit or ''} |" in page
    for check in checks_of(contract):
        assert f"| `{check.id}` | {check.severity} |" in page
    assert page.endswith(f"{CREDIT}\n")


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda c: c.slug)
def test_a_page_has_one_sentence_per_line_and_only_whole_tables(contract):
    lines = dataset_page(contract).splitlines()
    prose = [line for line in lines if not line.startswith(("|", "<!--"))]

    assert not [line for line in prose if ". The " in line or ". It " in line]
    widths = {line.replace("\\|", "").count("|") for line in lines if line.startswith("|")}
    assert widths <= {4, 6}


def test_the_index_lists_every_dataset_with_its_grain():
    page = index_page(all_contracts())

    for contract in all_contracts():
        assert f"| [{contract.slug}]({contract.slug}.md) | {contract.title_pt} |" in page
    assert "| week and `id_subsistema` |" in page


def test_what_may_be_added_up_is_said_for_stocks_prices_and_power():
    stock = dataset_page(contract_for("ear-diario-por-subsistema"))
    price = dataset_page(contract_for("cmo-semi-horario"))
    power = dataset_page(contract_for("curva-carga"))

    assert "| energy stock | take the last; never sum | add | 24 h |" in stock
    assert "| price | average; never sum | do not add | 0.5 h |" in price
    assert "| average power | average, or add for MWh | add | 1 h |" in power
