"""The READMEs say what is so: links lead somewhere, commands and make targets exist, tables match the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kobo_cli.main import COMMANDS
from kobo_sms.messages.fields import FIELDS

ROOT = Path(__file__).parent.parent
# What cites: code and its tests. This one quotes what is not to be found.
CITING = sorted(
    path
    for folder in ("functions", "mock_kobo", "kobo_cli", "local_aws", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)
PAGES = sorted(path for path in ROOT.glob("**/*.md") if not any(part.startswith(".") for part in path.parts))


def ours(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_pages() -> None:
    assert "README.md" in map(ours, PAGES)


@pytest.mark.parametrize("page", PAGES, ids=ours)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", CITING, ids=ours)
def test_citations_lead_somewhere(path: Path) -> None:
    """`docs/page.md, "Heading"` (and more headings after it), `guarantee 4` and a link's `#heading` exist."""
    text = " ".join(path.read_text().split())
    for name, quoted in re.findall(r"((?:docs|mock_kobo)/[\w-]+\.md)((?:(?:,| and) \"[^\"]+\")*)", text):
        assert (ROOT / name).exists(), name
        assert set(re.findall(r'"([^"]+)"', quoted)) <= set(headings(ROOT / name))
    assert [name for name in re.findall(r"\b[A-Z_]{4,}\.md\b", text) if not (ROOT / name).exists()] == []
    numbers = {heading.partition(".")[0] for heading in headings(ROOT / "docs" / "guarantees.md")}
    for first, last in re.findall(r"\bguarantees? (\d+)(?:(?: to| and|, \d+ and) (\d+))?", text):
        assert {first, last or first} <= numbers


@pytest.mark.parametrize("page", PAGES, ids=ours)
def test_links_lead_to_headings(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)#([^)]+)\)", page.read_text()):
        found = [
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in headings(page.parent / target if target else page)
        ]
        assert anchor in found


def test_the_page_on_tests_names_what_exists() -> None:
    page = ROOT / "tests" / "README.md"
    named = set(re.findall(r"`([\w./*]+(?:\.py|/))`", page.read_text()))
    assert [name for name in named if not any(page.parent.rglob(name.strip("/")))] == []
    folders = {path.name for path in page.parent.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= {name.partition("/")[0] for name in named}


@pytest.mark.parametrize("page", PAGES, ids=ours)
def test_commands_exist(page: Path) -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(), re.DOTALL))
    assert set(re.findall(r"\bkobo ([a-z]+)\b", code)) <= set(COMMANDS)
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", code)) <= targets


@pytest.mark.slow
def test_templates_for_readers_are_sound(tmp_path: Path) -> None:
    found = [block for page in PAGES for block in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.M | re.S)]
    assert found
    for at, template in enumerate(found):
        (tmp_path / f"{at}.yaml").write_text(template)
    command = [Path(sys.executable).with_name("cfn-lint"), *sorted(tmp_path.iterdir())]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_table_of_a_requests_fields_is_complete() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:required|optional) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(FIELDS)


def test_the_layout_names_every_folder() -> None:
    named = set(re.findall(r"^\| `([\w.]+)/?` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    # Not shown: what needs no explanation on the first page.
    unnamed = {"requirements", "benchmarks"}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert {each for each in folders - unnamed if not each.endswith(".egg-info")} <= named


def test_operating_has_a_section_for_each_alarm() -> None:
    alarms = re.findall(r"^  (\w+Alarm):$", (ROOT / "template.yaml").read_text(), re.MULTILINE)
    assert alarms
    sections = re.findall(r"^## (\w+Alarm)$", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE)
    assert sections == alarms


def test_the_section_of_an_alarm_says_what_it_means_what_to_look_at_and_what_to_do() -> None:
    sections = re.split(r"^## ", (ROOT / "docs" / "operating.md").read_text(), flags=re.MULTILINE)
    for section in sections:
        name, _, text = section.partition("\n")
        if name.endswith("Alarm"):
            marks = re.findall(r"^\*\*(Means|Look|Do|Look and do)\.\*\*", text, re.MULTILINE)
            assert marks in (["Means", "Look", "Do"], ["Means", "Look and do"]), name


def test_operating_names_each_metric() -> None:
    """As it stands in the code; what is made of a state's name has its row as well."""
    code = "".join(
        (ROOT / "functions" / "kobo_sms" / name).read_text() for name in ("telemetry.py", "batch_metrics.py")
    )
    told = set(re.findall(r'add_metric\(\s*"(\w+)"', code)) | set(re.findall(r': "([A-Z]\w+)"[,}]', code))
    page = (ROOT / "docs" / "operating.md").read_text().partition("## Metrics")[2]
    assert len(told) > 15
    assert {name for name in told if f"`{name}`" not in page} == set()
