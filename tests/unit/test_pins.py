"""Everything in production is pinned to bytes: packages by hashes, the base image by its digest."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOME: Final = Path(__file__).resolve().parents[2]
PRODUCTION: Final = "requirements.txt"
CHATTERBOX: Final = "requirements-chatterbox.txt"
HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def blocks(name: str) -> list[str]:
    """One requirement each, with its continuation lines."""
    text = (HOME / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [block for block in re.split(r"\n(?=\S)", "\n".join(lines)) if block.strip()]


def pinned(name: str) -> list[Requirement]:
    return [Requirement(block.split("\\")[0].strip()) for block in blocks(name)]


def names(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(each.name) for each in requirements}


def project() -> dict[str, list[str]]:
    """The dependencies of the product (""), and those of each extra."""
    data = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"": data["dependencies"], **data["optional-dependencies"]}


@pytest.mark.parametrize("name", [PRODUCTION, CHATTERBOX])
def test_every_requirement_has_one_version_and_hashes_and_no_download_address(name: str) -> None:
    for block in blocks(name):
        assert re.match(r"[a-z0-9-]+==[^ *]+ ", block), block
        assert HASH.search(block), block
        assert all(
            HASH.fullmatch(line.removesuffix("\\").strip()) for line in block.splitlines()[1:]
        ), block
    assert not re.search(r"https?:|--(extra-)?index|--find-links", "".join(blocks(name)))


def test_the_requirements_cover_what_the_product_needs_and_what_builds_it() -> None:
    needed = {canonicalize_name(Requirement(each).name) for each in project()[""]}
    assert needed | {"setuptools"} <= names(pinned(PRODUCTION))
    extra = {canonicalize_name(Requirement(each).name) for each in project()["chatterbox"]}
    assert needed | extra <= names(pinned(CHATTERBOX))


def test_production_runs_the_versions_that_the_tests_ran_with() -> None:
    lines = (HOME / "constraints.txt").read_text(encoding="utf-8").splitlines()
    constraints = {
        canonicalize_name(line.split("==")[0]): line.split("==")[1]
        for line in lines
        if not line.startswith("#")
    }
    for requirement in pinned(PRODUCTION):
        name = canonicalize_name(requirement.name)
        assert str(requirement.specifier) == f"=={constraints[name]}"
        if requirement.marker is None or requirement.marker.evaluate():
            assert version(requirement.name) == constraints[name]


def test_the_image_is_built_from_a_digest_and_checks_every_hash() -> None:
    dockerfile = (HOME / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    base = dict(re.findall(r"^ARG (\w+)=(\S+)$", dockerfile, re.MULTILINE))
    for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE):
        named = re.sub(r"\$\{(\w+)\}", lambda found: base[found[1]], image)
        assert re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", named), named
    for install in re.findall(r"pip install [^&\n]*", dockerfile):
        # Only mynah itself has no hash. Its build must not fetch anything.
        assert "--require-hashes" in install or "--no-deps --no-build-isolation /src" in install
