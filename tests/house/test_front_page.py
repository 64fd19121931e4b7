"""The front page and the Makefile tell the truth: what they name exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import sodalite
from sodalite.cli import commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")


def text(name: str) -> str:
    """Return a file of the root."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    """Every `make` command of a page is a target."""
    targets = set(re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`?make ([\w-]+)`?", text(page))) <= targets


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_exist(page: str) -> None:
    """Every `sodalite` command of a page is one, with its options."""
    lines = re.findall(r"^\s*(?:\$ )?sodalite (\w+)(.*)$", text(page), re.MULTILINE)
    for name, rest in lines:
        options = {option for parameter in commands.commands[name].params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", rest)) <= options


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link of a page is a file."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text(page))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_explains_itself() -> None:
    """`--help` of each command answers without an error."""
    for name in commands.commands:
        assert CliRunner().invoke(commands, [name, "--help"]).exit_code == 0


def test_one_version_everywhere() -> None:
    """pyproject, the package, the citation and the changelog agree."""
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert version == sodalite.__version__
    assert f"version: {version}" in text("CITATION.cff")
    assert f"## [{version}]" in text("CHANGELOG.md")
