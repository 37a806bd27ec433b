"""The files that carry a campaign to the stack.

| file | holds |
|---|---|
| `requests.jsonl.gz` | a request on each line, as events/request.schema.json says |
| `rows.csv` | a line for each recipient: request id, line in the campaign's file, number, then that row as it was |
| `campaign.json` | the campaign: id, digests of the content and of the file's, sender, how much it is; written last |

The same campaign makes the same bytes, so that a file can be uploaded again under the same name.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from kobo_cli.bulk.campaign import Campaign

REQUESTS, ROWS, CAMPAIGN = "requests.jsonl.gz", "rows.csv", "campaign.json"
ROW_COLUMNS = ("request", "line", "number")
_COMPRESSION = 6


def hand_over(campaign: Campaign, directory: Path) -> None:
    """Write the files of a campaign into an existing directory. Without campaign.json they are not complete."""
    (directory / CAMPAIGN).unlink(missing_ok=True)
    requests = recipients = pages = 0
    with (
        _write_gzip(directory / REQUESTS) as lines,
        (directory / ROWS).open("w", encoding="utf-8", newline="") as file,
    ):
        rows = csv.writer(file)
        rows.writerow([*ROW_COLUMNS, *campaign.header])
        for request, of_request in campaign.requests():
            lines.write(request.to_json() + "\n")
            rows.writerows([request.id, each.line, each.number, *each.cells] for each in of_request)
            requests += 1
            recipients += len(of_request)
            pages += sum(each.pages for each in of_request)
    about = {
        "campaign": campaign.id,
        "digest": campaign.digest,
        "written": campaign.written,
        "derived": campaign.derived,
        "from": campaign.sender,
        "promotional": campaign.promotional,
        "at": None if campaign.at is None else campaign.at.isoformat(),
        "requests": requests,
        "recipients": recipients,
        "pages": pages,
    }
    (directory / CAMPAIGN).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _write_gzip(path: Path) -> Iterator[TextIO]:
    """Yield a text file that is compressed, without the moment and the name that gzip would put into it."""
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as compressed,
        io.TextIOWrapper(compressed, encoding="ascii", newline="") as text,
    ):
        yield text
