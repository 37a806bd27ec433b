"""Campaigns' files as `kobo bulk` leaves them, handed over to a stack in process."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

from kobo_cli.campaigns.handing_over import HandedOver, hand_over_files
from tests.cli.conftest import Deployed

NOW = 1_795_000_000.0


def number(n: int) -> str:
    return f"23480301{n:05d}"


def requests_of(campaign_id: str, count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"{campaign_id}:{n}", "to": [f"+{number(n)}"], "msg": f"Dear {n}", "campaign": campaign_id} | more
        for n in range(1, count + 1)
    ]


def write_files(directory: Path, campaign_id: str, requests: list[Any]) -> Path:
    """Write the three files of a campaign; the rows are those of a file of people's with two columns."""
    directory.mkdir(parents=True, exist_ok=True)
    with gzip.open(directory / "requests.jsonl.gz", "wb") as file:
        file.writelines(
            (request if isinstance(request, bytes) else json.dumps(request).encode()) + b"\n" for request in requests
        )
    with (directory / "rows.csv").open("w", encoding="utf-8", newline="") as rows:
        writer = csv.writer(rows)
        writer.writerow(["request", "line", "number", "phone", "name"])
        for n in range(1, len(requests) + 1):
            writer.writerow([f"{campaign_id}:{n}", n + 1, number(n), f"0803 01{n:05d}", f"Ọlá {n}"])
    (directory / "campaign.json").write_text(json.dumps({"campaign": campaign_id, "from": "Kobo"}))
    return directory


def hand_over(deployed: Deployed, campaign_id: str, count: int, *, at: float = NOW, **more: Any) -> HandedOver:
    directory = write_files(Path("files") / campaign_id, campaign_id, requests_of(campaign_id, count, **more))
    return hand_over_files(deployed.connection, directory, at=at, now=NOW, by="ada")
