"""Every page opens, for whoever is signed in, and for nobody else."""

from tests.api.console.visitor import PAGES, Visitor


def test_every_page_opens_fresh_and_empty(operator: Visitor) -> None:
    for page in PAGES:
        answer = operator.get(page)
        assert answer.status_code == 200, answer.text
        assert answer.text.count("<h1") == 1, page
