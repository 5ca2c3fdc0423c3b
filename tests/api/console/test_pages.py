"""Every page opens, for whoever is signed in, and for nobody else."""

import pytest

from tests.api.console.visitor import PAGES, Visitor


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_fresh_and_empty(operator: Visitor, page: str) -> None:
    answer = operator.get(page)
    assert answer.status_code == 200, answer.text
    assert answer.text.count("<h1") == 1
