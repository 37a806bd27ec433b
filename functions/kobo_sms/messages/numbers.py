"""Phone numbers in KoboMobile's form: international, digits only (`2348030000000`).

The rules of numbering come from libphonenumber. Its metadata trails the regulators, so a number that it does not know
but that has the length of a mobile number of its country is sent; one that it knows to be something else is not.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

_PUNCTUATION = re.compile(r"[\s().\-\u2010-\u2015\u200e\u200f\u202a-\u202e\ufeff]")
_DIGITS = re.compile(r"\+?[0-9]{3,20}")
_CAN_RECEIVE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_KINDS = {
    PhoneNumberType.FIXED_LINE: "a fixed line",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.VOIP: "an internet telephony number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company-wide number",
    PhoneNumberType.VOICEMAIL: "a voicemail access number",
}


def compact(raw: str) -> str:
    """Return `raw` without spaces and punctuation, a leading 00 as +; no rule of numbering has a say in it.

    The fingerprint of a request's content is made of this (`parts`): it must not change.
    """
    text = _PUNCTUATION.sub("", raw)
    return f"+{text[2:]}" if text.startswith("00") else text


class InvalidNumber(ValueError):
    """A number nobody can send an SMS to; the message says why, without repeating the number."""


def normalise(raw: str, region: str) -> str:
    """Return `raw` as digits with the country code and no prefix, as send/ wants it.

    Parameters
    ----------
    raw
        `+2348030000000`, `2348030000000`, `0803 000 0000`; spaces, dots, dashes and brackets are allowed.
    region
        ISO 3166-1 alpha-2 code of the country whose national form is understood.

    Raises
    ------
    InvalidNumber
        when it is certainly not a mobile number.
    """
    compact = _PUNCTUATION.sub("", raw)
    if not _DIGITS.fullmatch(compact):
        raise InvalidNumber("not a phone number: write digits, with or without a leading +")
    number = _parse(compact, region)
    _require_mobile(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")


def _parse(compact: str, region: str) -> PhoneNumber:
    if compact.startswith("+"):
        return _read(compact, None)
    if compact.startswith("00"):
        return _read("+" + compact[2:], None)
    number = _read(compact, region)
    if phonenumbers.is_valid_number(number) or compact.startswith("0"):
        return number
    if compact.startswith(str(phonenumbers.country_code_for_region(region))):
        # Cut short, 2348030100 has the length of a national number: it is none.
        return _read("+" + compact, None)
    # Bare digits that are no number of the home region may be another country's, but only if that is beyond doubt.
    foreign = _read_or_none("+" + compact)
    return foreign if foreign is not None and phonenumbers.is_valid_number(foreign) else number


def _read(text: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidNumber("no such country code or too short: write it as +234...") from error


def _read_or_none(text: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None


def _require_mobile(number: PhoneNumber) -> None:
    kind = phonenumbers.number_type(number)
    if kind in _CAN_RECEIVE:
        return
    if kind in _KINDS:
        raise InvalidNumber(f"{_KINDS[kind]} cannot receive an SMS")
    if not _has_mobile_form(number):
        raise InvalidNumber("not the length of a mobile number: write it as +234 and ten digits")


def _has_mobile_form(number: PhoneNumber) -> bool:
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if example is None:
        return False
    digits, model = map(phonenumbers.national_significant_number, (number, example))
    # A trunk 0 before a digit too few makes up the length: 0803 010 000 is not 0803010000 abroad.
    return len(digits) == len(model) and digits.startswith("0") == model.startswith("0")
