"""Many numbers in few bytes, as an item of the table has little room.

Pure.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable


def pack_numbers(numbers: Iterable[str]) -> bytes:
    """Return numbers in two to three bytes each: sorted, as differences, compressed."""
    previous, differences = 0, []
    for number in sorted(map(int, numbers)):
        differences.append(str(number - previous))
        previous = number
    return zlib.compress(",".join(differences).encode(), 9)


def unpack_numbers(packed: bytes) -> list[str]:
    """Return the numbers that `pack_numbers` packed, sorted."""
    number, numbers = 0, []
    differences = zlib.decompress(packed).decode()
    for difference in differences.split(",") if differences else ():
        number += int(difference)
        numbers.append(str(number))
    return numbers
