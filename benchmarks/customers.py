"""A campaign's file as people hand it over: 23480301xxxxx in every form, names of every kind, and rows that are bad."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

NAMES = ("Ada Obi", "Bello Musa", "Chidi O’Neil", "Ngozi Eze", "Zainab Yakubu", "Tunde Ojo", "Habiba Sani", "Sade Cole")
FORMS = ("+23480301{0:05d}", "080301{0:05d}", "80301{0:05d}", "0803 01 {0:05d}")
BAD = (("2.34803E+12", "Ada Obi", "A-9001"), ("08030199999", "", "A-9002"), ("08030199998", "Tunde Ojo", "#N/A"))
# Rows that have the number of a row before.
REPEATED = 2


@dataclass(frozen=True)
class Customers:
    """The file, and the numbers in its good rows as KoboMobile has them."""

    path: Path
    numbers: frozenset[str]


def write_customers(path: Path, rows: int) -> Customers:
    """Write a file of so many good rows, three bad ones in the middle, and two that repeat a number."""
    good = [(FORMS[at % len(FORMS)].format(at), NAMES[at % len(NAMES)], f"A-{at:04d}") for at in range(rows)]
    middle = rows // 2
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Phone No", "Name", "Order"))
        writer.writerows([*good[:middle], *BAD, *good[middle:], *good[:REPEATED]])
    return Customers(path, frozenset(f"23480301{at:05d}" for at in range(rows)))


def write_numbers(path: Path, numbers: list[str]) -> None:
    """Write numbers, one a line."""
    path.write_text("".join(f"+{number}\n" for number in numbers))
