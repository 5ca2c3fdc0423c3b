"""The page of conversion: what it says of the codes, and how it leads to some of them alone."""

import html
import re
from datetime import timedelta

import pytest

from tests.api.console.visitor import Visitor
from tests.api.service import Service
from tests.contract.operations.sent import write
from tests.contract.service import START


@pytest.fixture
def codes(service: Service) -> None:
    """Codes of two apps to two countries, within a day and a month."""
    for n in range(8):
        given = {"app": "shop" if n < 6 else "bank", "country": "GB" if n % 2 else "FR"}
        write(
            service.db, f"{n:026}", START - timedelta(hours=n), status="approved" if n else "expired", **given
        )
    write(service.db, f"{9:026}", START - timedelta(days=20))


def figures(page: str) -> list[tuple[str, str]]:
    """The tiles: each name with its figure."""
    return re.findall(r'<p class="name">([^<]+)</p>\s+<p><span class="many">([^<]+)</span>', page)


@pytest.mark.usefixtures("codes")
def test_the_figures_are_there_with_a_strip_and_a_table_for_each_way_of_looking(operator: Visitor) -> None:
    page = operator.get("/conversions").text
    assert figures(page) == [("Sent", "8"), ("Delivered", "8"), ("Approved", "7")]
    for heading in ("Countries", "Apps", "Templates", "SIMs", "Blocks of numbers"):
        assert f">{heading}</h2>" in page
    assert page.count("a bar for each hour") == 3
    month = operator.get("/conversions?window=30d").text
    assert figures(month)[0] == ("Sent", "9")
    assert "a bar for each day" in month
    assert "Blocks of numbers" not in month


@pytest.mark.usefixtures("codes")
def test_a_link_leads_to_the_codes_of_one_app_and_on_to_one_country(operator: Visitor) -> None:
    page = operator.get("/conversions").text
    [to_shop] = re.findall(r'href="(/conversions[^"]*app=shop[^"]*)"', page)
    page = operator.get(html.unescape(to_shop)).text
    assert figures(page)[0] == ("Sent", "6")
    [to_france] = re.findall(r'href="(/conversions[^"]*country=FR[^"]*)"', page)
    page = operator.get(html.unescape(to_france)).text
    assert figures(page)[0] == ("Sent", "3")
    assert page.count("show all") == 2


@pytest.mark.parametrize(
    "query", ["window=1y", "app=%00", "app=" + "a" * 999, "sim=<b>", "country=a&country=b"]
)
def test_what_no_link_leads_to_opens_a_page_all_the_same(operator: Visitor, query: str) -> None:
    answer = operator.get(f"/conversions?{query}")
    assert answer.status_code == 200
    assert "<b>" not in answer.text
