"""`kobo bulk`: the command on a stack in process, and without one."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kobo_cli.bulk.price import QUARTER
from kobo_cli.campaigns.handing_over import orders_of
from kobo_cli.main import main
from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.messages.numbers import InvalidNumber, normalise
from kobo_sms.reports.counts import Counts, quarter
from tests.cli.bulk.conftest import number, people
from tests.cli.conftest import Deployed

MSG = "Dear {name}"
CAMPAIGN_CSV = Path(__file__).parents[3] / "events" / "campaign.csv"


@pytest.fixture
def people_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three people, in a folder where no stack runs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "people.csv"
    path.write_text(people("Ada", "Bo", "Chi"), encoding="utf-8")
    return path


def run(*arguments: str | Path, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["bulk", *map(str, arguments)], input=answer)


def pay_for(deployed: Deployed, *, pages: int, price: Decimal, balance: Decimal) -> None:
    """Let an hour ago be sent so many pages, and the balance be what is left."""
    now = time.time()
    for minutes in range(120, 0, -1):
        before = balance + price * pages * (minutes > 60)
        deployed.put(id="~credit", part=f"{now - 60 * minutes:.3f}", balance=before)
    counts = Counts(pages=pages)
    deployed.put(id="~stats", part=quarter(now - 60 * 58), **counts.attributes())


def test_the_json_is_contract_3(people_csv: Path) -> None:
    people_csv.write_text(people("Ada’s", "", "Bo") + f"0{number(0)[3:]},Ada\n", encoding="utf-8")
    result = run(people_csv, "--msg", "{name}" + "a" * 100, "--dry-run", "--json", "--skip-bad", "--id", "easter")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {
        "campaign": "easter",
        "rows": 4,
        "recipients": 2,
        "duplicates": 1,
        "bad": [{"line": 3, "column": "name", "reason": "is empty"}],
        "pages": {"1": 1, "2": 1},
        "dear": [{"char": "’", "plain": "'", "texts": 1}],
        "requests": 2,
        "cost": {"pages": 3, "page_price": None, "total": None},
        "balance": None,
    }


def test_a_check_needs_no_stack_but_sending_does(people_csv: Path) -> None:
    checked = run(people_csv, "--msg", MSG, "--dry-run")
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert "3, in 3 requests" in checked.stdout
    assert "balance     not known" in checked.stdout
    sent = run(people_csv, "--msg", MSG, "--yes")
    assert (sent.exit_code, sent.stdout) == (1, "")
    assert "no local stack runs in this folder" in sent.stderr


def test_the_price_is_that_of_the_pages_this_account_has_sent(deployed: Deployed, tmp_path: Path) -> None:
    pay_for(deployed, pages=1000, price=Decimal("2.35"), balance=Decimal("10000"))
    report = deployed.json("bulk", str(CAMPAIGN_CSV), "--msg", MSG, "--dry-run")
    assert report["cost"] == {"pages": 1200, "page_price": 2.35, "total": 2820.0}
    assert report["balance"] == 10000.0
    shown = deployed.run("bulk", str(CAMPAIGN_CSV), "--msg", MSG, "--dry-run").stdout
    assert "cost        2,820: 1,200 pages at 2.35" in shown
    assert "; 7,180 will be left" in shown
    long = MSG + 900 * "a"
    assert (
        "TOO LITTLE" in deployed.run("bulk", str(CAMPAIGN_CSV), "--msg", long[:880], "--dry-run", "--skip-bad").stdout
    )


def test_a_price_that_a_day_cannot_tell_is_looked_for_in_the_week(deployed: Deployed) -> None:
    now, price, balance = time.time() // QUARTER * QUARTER, Decimal(3), Decimal(5000)
    for hours in range(100, 0, -1):
        spent = balance + price * 50 * (hours > 60)
        deployed.put(id="~credit", part=f"{now - 3600 * hours:.3f}", balance=spent)
    deployed.put(id="~stats", part=quarter(now - 3600 * 60), **Counts(pages=50).attributes())
    report = deployed.json("bulk", str(CAMPAIGN_CSV), "--msg", MSG, "--dry-run")
    assert (report["cost"]["page_price"], report["balance"]) == (3.0, 5000.0)


def test_bad_rows_stop_it_and_are_told(people_csv: Path) -> None:
    people_csv.write_text(people(*[""] * 15, "Ada", *[" "] * 10) + "nobody,Bo\n", encoding="utf-8")
    result = run(people_csv, "--msg", MSG, "--dry-run")
    assert result.exit_code == 1
    assert "kobo: 26 of 27 rows cannot be sent: mend them, or send to the others with --skip-bad" in result.stderr
    lines = result.stdout.splitlines()
    told = [line for line in lines if line.startswith("  line ")]
    assert told[0] == "  line 2: name: is empty"
    assert len(told) == 20
    rest = lines[lines.index("  ... and 6 more. The most frequent reasons:") + 1 :]
    assert rest == [
        "  25 rows: name: is empty",
        "  1 row: to: not a phone number: write digits, with or without a leading +",
    ]
    skipped = run(people_csv, "--msg", MSG, "--dry-run", "--skip-bad")
    assert (skipped.exit_code, skipped.stderr) == (0, "")


def test_bad_rows_in_json_are_all_there_and_it_still_fails(people_csv: Path) -> None:
    people_csv.write_text(people(*[""] * 30), encoding="utf-8")
    result = run(people_csv, "--msg", MSG, "--dry-run", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (len(report["bad"]), report["campaign"]) == (30, None)
    nobody = run(people_csv, "--msg", MSG, "--dry-run", "--skip-bad")
    assert (nobody.exit_code, nobody.stderr) == (1, "kobo: there is nobody to send to\n")


def test_bad_rows_are_given_back(people_csv: Path) -> None:
    people_csv.write_text(people("Ada", ""), encoding="utf-8")
    run(people_csv, "--msg", MSG, "--dry-run", "--bad-rows", "bad.csv")
    with Path("bad.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == ["3", "name: is empty", number(1), ""]
    before = people_csv.read_bytes()
    result = run(people_csv, "--msg", MSG, "--dry-run", "--bad-rows", people_csv)
    assert result.exit_code == 1
    assert "give another name" in result.stderr
    assert people_csv.read_bytes() == before


def test_what_the_file_is_taken_for_is_said(people_csv: Path) -> None:
    people_csv.write_bytes("sep=;\nTel;name\n8030100001;José\n".encode("cp1252"))
    shown = run(people_csv, "--msg", MSG, "--dry-run").stdout
    assert "1 row; Windows-1252, cells separated by semicolons; numbers in the column 'Tel'" in shown
    assert "mended      1 number: leading 0 lost" in shown


def test_what_is_dear_is_said_and_plain_saves_it(people_csv: Path) -> None:
    people_csv.write_text(people("Ada’s", "Bo\u00a0K"), encoding="utf-8")
    shown = run(people_csv, "--msg", "{name}" + "a" * 100, "--dry-run").stdout
    assert "’ (U+2019 right single quotation mark) in 1 text; plain is '" in shown
    assert "U+00A0 no-break space in 1 text; can be replaced by a space" in shown
    assert "--plain saves 2 pages" in shown
    assert "2 texts of 1 page" in run(people_csv, "--msg", "{name}" + "a" * 100, "--dry-run", "--plain").stdout


def test_how_many_texts_take_how_many_pages_is_drawn(people_csv: Path) -> None:
    people_csv.write_text(people("Ada", "Bo", "Chi", "Ada’s"), encoding="utf-8")
    shown = run(people_csv, "--msg", "{name}" + "a" * 100, "--dry-run").stdout
    assert f"            1 page   3   75 %  {30 * '█'}\n            2 pages  1   25 %  {10 * '█'}\n" in shown
    same = run(people_csv, "--msg", "Hello", "--dry-run").stdout
    assert "█" not in same


def test_on_a_terminal_lines_are_broken_between_words(people_csv: Path) -> None:
    people_csv.write_text("to,name\n2.34803E+12,Ada\n", encoding="utf-8")
    shown = in_terminal(people_csv.parent, 60, "bulk", people_csv.name, "--msg", MSG, "--dry-run")
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 60
    at = next(at for at, line in enumerate(lines) if line.startswith("  line 2: to: Excel has shortened"))
    assert lines[at + 1].startswith("    ")
    assert "Excel has shortened the number to" in " ".join(line.strip() for line in lines[at : at + 2])


def in_terminal(folder: Path, columns: int, *arguments: str) -> str:
    """Run the command in a terminal of so many columns; return what it shows but for errors."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-c", "from kobo_cli.main import main; main()", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    subprocess.run(
        command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, check=False
    )
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    return shown.replace("\r\n", "\n")


def test_repeated_numbers_are_said(people_csv: Path) -> None:
    people_csv.write_text(people("Ada") + f"{number(0)},Ada\n{number(0)},Bo\n", encoding="utf-8")
    shown = run(people_csv, "--msg", MSG, "--dry-run").stdout
    assert "left out    2 rows with a number of a row before: lines 3 (as 2), 4 (as 2, another text)" in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "people.csv: the file is empty"),
        ("to,name\n", "people.csv: there is no row below the names of the columns"),
        ("a,name\n1,2\n", "no column is called 'to', 'phone' or the like"),
        ('to,name\n1,"2\n', "people.csv: line 2: the quote that opens there is not closed"),
        ("to,city\n1,2\n", "--msg: {name}: there is no column 'name'"),
    ],
)
def test_a_file_at_fault_is_one_line_on_stderr(people_csv: Path, content: str, said: str) -> None:
    people_csv.write_text(content, encoding="utf-8")
    result = run(people_csv, "--msg", MSG, "--dry-run", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("kobo: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_hostile_file_cannot_move_the_cursor(people_csv: Path) -> None:
    people_csv.write_text(f"to,na\x1b[2Jme\n{number(0)},\n2E1,\x1b]0;x\n", encoding="utf-8")
    result = run(people_csv, "--msg", "{na\x1b[2Jme}", "--dry-run")
    assert "line 2: na\ufffd[2Jme: is empty" in result.stdout
    assert "\x1b" not in result.output
    assert "\x1b" not in run(people_csv, "--msg", "{x}", "--dry-run").output


def test_a_terminal_without_the_letters_gets_others(people_csv: Path) -> None:
    people_csv.write_text(people("Ẹni"), encoding="utf-8")
    result = CliRunner(charset="ascii").invoke(
        main, ["bulk", str(people_csv), "--msg", "{name}" + "a" * 99, "--dry-run"]
    )
    assert result.exit_code == 0, result.exception
    assert "? (U+1EB8 latin capital letter e with dot below)" in result.stdout


@pytest.mark.parametrize(
    ("at", "said"),
    [("2020-01-01T09:00", "is past"), ("tomorrow", "write it like"), ("noon", "write it like")],
)
def test_a_time_that_is_none_is_bad_usage(people_csv: Path, at: str, said: str) -> None:
    result = run(people_csv, "--msg", MSG, "--dry-run", "--at", at)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_time_without_a_zone_is_nigerias(people_csv: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M")
    # In half an hour in Greenwich was half an hour ago in Lagos.
    assert run(people_csv, "--msg", MSG, "--dry-run", "--at", soon).exit_code == 2
    assert run(people_csv, "--msg", MSG, "--dry-run", "--at", f"{soon}Z").exit_code == 0


@pytest.mark.parametrize(("answer", "code", "said"), [("n\n", 130, "kobo: stopped"), ("", 130, "kobo: stopped")])
def test_it_asks_before_it_sends(deployed: Deployed, answer: str, code: int, said: str) -> None:
    result = run(CAMPAIGN_CSV, "--msg", MSG, answer=answer)
    assert result.exit_code == code
    assert "Send 1,200 pages to 1,200 recipients?" in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize(("arguments", "answer"), [([], "y\n"), (["--yes"], None)])
def test_the_stack_takes_it_over_once(deployed: Deployed, arguments: list[str], answer: str | None) -> None:
    result = run(CAMPAIGN_CSV, "--msg", MSG, *arguments, answer=answer)
    assert result.exit_code == 0, result.stderr
    (campaign,) = orders_of(deployed.connection).all()
    assert isinstance(campaign, Campaign)
    assert f"{campaign.id} is handed over; the stack carries it from now on" in result.stderr
    assert (campaign.rows, campaign.state) == (1200, "scheduled")
    again = run(CAMPAIGN_CSV, "--msg", MSG, "--yes")
    assert again.exit_code == 0, again.stderr
    assert "was handed over before and is scheduled: nothing is sent again" in again.stderr
    assert list(orders_of(deployed.connection).all()) == [campaign]


@pytest.mark.parametrize("own_id", [(), ("--id", "easter")])
@pytest.mark.parametrize("known", ["rejects", "reads otherwise"])
def test_a_newer_libphonenumber_makes_no_other_campaign_of_what_was_handed_over(
    deployed: Deployed, people_csv: Path, monkeypatch: pytest.MonkeyPatch, known: str, own_id: tuple[str, ...]
) -> None:
    people_csv.write_text(people("Ada", "Bo", "Chi"), encoding="utf-8")
    assert run(people_csv, "--msg", MSG, "--yes", *own_id).exit_code == 0

    def newer(raw: str, region: str) -> str:
        if raw != number(1):
            return normalise(raw, region)
        if known == "rejects":
            raise InvalidNumber("a fixed line cannot receive an SMS")
        return number(7)

    monkeypatch.setattr("kobo_cli.bulk.numbers.normalise", newer)
    again = run(people_csv, "--msg", MSG, "--yes", "--skip-bad", *own_id)
    assert again.exit_code == 0, again.stderr
    assert "was handed over before and is scheduled: nothing is sent again" in again.stderr
    assert len(list(orders_of(deployed.connection).all())) == 1
    # Another text, sender or file is another campaign still, and so is an id of one's own.
    for other in (["--from", "Shop"], ["--id", "christmas"]):
        assert "is handed over" in run(people_csv, "--msg", MSG, "--yes", "--skip-bad", *other).stderr
    assert "is handed over" in run(people_csv, "--msg", "Hello {name}", "--yes", "--skip-bad").stderr
    assert len(list(orders_of(deployed.connection).all())) == 4


def test_what_was_written_in_another_way_is_known_by_its_numbers(deployed: Deployed, people_csv: Path) -> None:
    people_csv.write_text(people("Ada", "Bo"), encoding="utf-8")
    assert run(people_csv, "--msg", MSG, "--yes").exit_code == 0
    people_csv.write_text(f"name,to\nBo,0{number(1)[3:]}\nAda,+{number(0)}\nChi,12\n", encoding="utf-8")
    again = run(people_csv, "--msg", MSG, "--yes", "--skip-bad")
    assert "was handed over before and is scheduled: nothing is sent again" in again.stderr
    assert len(list(orders_of(deployed.connection).all())) == 1


def test_it_begins_when_it_is_told_to(deployed: Deployed) -> None:
    result = run(CAMPAIGN_CSV, "--msg", MSG, "--yes", "--at", "tomorrow 9:00", "--id", "easter")
    assert "easter is handed over, and begins tomorrow 09:00 WAT" in result.stderr
    (campaign,) = orders_of(deployed.connection).all()
    assert isinstance(campaign, Campaign)
    assert 0 < campaign.at - time.time() < 2 * 86_400
    assert campaign.at % 86_400 == 8 * 3600


def test_another_campaign_of_the_same_id_is_refused(deployed: Deployed) -> None:
    assert run(CAMPAIGN_CSV, "--msg", MSG, "--yes", "--id", "easter").exit_code == 0
    result = run(CAMPAIGN_CSV, "--msg", "Hello {name}", "--yes", "--id", "easter")
    assert (result.exit_code, "there is another campaign easter already" in result.stderr) == (1, True)


def test_the_same_command_names_the_same_campaign(people_csv: Path) -> None:
    def campaign() -> Any:
        return json.loads(run(people_csv, "--msg", MSG, "--dry-run", "--json").stdout)["campaign"]

    first = campaign()
    assert campaign() == first
    people_csv.write_text(people("Ada", "Bo"), encoding="utf-8")
    assert campaign() != first
