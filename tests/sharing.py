"""Which tests share a running service: a run of several processes gives all of these to one of them."""

from xdist.scheduler import LoadScopeScheduling

STACKS = ("sqlite", "postgres", "rabbitmq")
"""What the service of the acceptance tests is started over: once each, for all that use it."""
WITHOUT_SHARING = {"tests/acceptance/test_start.py"}
"""Each test of these files starts what it needs itself."""
DEMOS = {"tests/acceptance/test_demo.py", "tests/devtools/test_interrupted.py"}
"""Each starts ten processes, which two cores start best one demo after another."""


def service_of(test: str) -> str:
    """The name of the service that a test uses: that of its stack, or else of its file."""
    file, _, name = test.partition("::")
    if file in WITHOUT_SHARING:
        return test
    if file in DEMOS:
        return "demo"
    stacks = set(STACKS).intersection(name.rpartition("[")[2].rstrip("]").split("-"))
    return stacks.pop() if stacks and file.startswith("tests/acceptance/") else file


class ByService(LoadScopeScheduling):
    """Hands out the tests of one service together."""

    def _split_scope(self, nodeid: str) -> str:
        return service_of(nodeid)
