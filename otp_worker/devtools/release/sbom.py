"""The bill of materials of an installation: every locked package, with its hashes (CycloneDX 1.6, JSON)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

_PACKAGE = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: *; *(?P<marker>[^\\]+?))? *\\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)(?P<via>(?:    #.*\n?)*)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Package:
    """A line of a lock: ``hashes`` of all its files (SHA-256), and the packages that need it."""

    name: str
    version: str
    marker: str | None
    hashes: Sequence[str]
    needed_by: Sequence[str]

    @property
    def purl(self) -> str:
        """Its package URL, which is its reference in the bill too."""
        return f"pkg:pypi/{self.name}@{self.version}"


def read_lock(text: str) -> list[Package]:
    """Every package of a lock as uv writes it. Raises ValueError for one that is not pinned and hashed."""
    found = [_package(match) for match in _PACKAGE.finditer(text)]
    lines = re.findall(r"^[A-Za-z0-9].*", text, re.MULTILINE)
    if len(found) != len(lines):
        raise ValueError(f"{len(lines) - len(found)} packages of the lock are not pinned and hashed")
    return found


def bill(packages: Sequence[Package], name: str, version: str, at: datetime) -> dict[str, Any]:
    """The bill of a version of ours; the same packages make the same bill."""
    ours = f"pkg:pypi/{name}@{version}"
    known = {each.name: each.purl for each in packages} | {name: ours}
    needs: dict[str, list[str]] = {ours: [], **{each.purl: [] for each in packages}}
    for each in packages:
        for needing in each.needed_by:
            needs[known[needing]].append(each.purl)
    root = {"type": "application", "bom-ref": ours, "name": name, "version": version, "purl": ours}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, ' '.join([ours, *sorted(known.values())]))}",
        "version": 1,
        "metadata": {"timestamp": at.isoformat().replace("+00:00", "Z"), "component": root},
        "components": [_component(each) for each in packages],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)],
    }


def _package(match: re.Match[str]) -> Package:
    via = re.findall(r"#\s+(?:via )?([\w.-]+)", match["via"])
    return Package(
        match["name"],
        match["version"],
        match["marker"],
        re.findall(r"sha256:([0-9a-f]{64})", match["hashes"]),
        [name for name in via if name != "via"],
    )


def _component(package: Package) -> dict[str, Any]:
    marked = {"properties": [{"name": "pypi:marker", "value": package.marker}]} if package.marker else {}
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "externalReferences": [
            {
                "type": "distribution",
                "url": f"https://pypi.org/project/{package.name}/{package.version}/",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
            }
        ],
        **marked,
    }
