"""Which Nigerian network a number was first given by.

Numbers keep their prefix when they are ported, so this tells the original network only, never today's.

Pure.
"""

from __future__ import annotations

MTN, AIRTEL, GLO, NINE_MOBILE, OTHER = "MTN", "Airtel", "Glo", "9mobile", "other"
ALL = (MTN, AIRTEL, GLO, NINE_MOBILE, OTHER)

# The mobile blocks of the Nigerian Communications Commission's national numbering plan, as the networks' own
# customer pages give them; without the leading 0.
_PREFIXES = {
    MTN: "703 704 706 803 806 810 813 814 816 903 906 913 916",
    AIRTEL: "701 708 802 808 812 901 902 904 907 911 912",
    GLO: "705 805 807 811 815 905 915",
    NINE_MOBILE: "809 817 818 908 909",
}
_NETWORKS = {f"234{prefix}": network for network, prefixes in _PREFIXES.items() for prefix in prefixes.split()}


def original_network(number: str) -> str:
    """Return the network that `number` (digits, `2348030000000`) was first given by, `other` abroad and if unknown."""
    return _NETWORKS.get(number[:6], OTHER)
