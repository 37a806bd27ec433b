"""Template parameters, checked before anything starts."""

import pytest

from local_aws.errors import LocalStackError
from local_aws.plan import SOURCE
from local_aws.template.parameters import settle
from local_aws.template.source import load

PARAMETERS = load(SOURCE)["Parameters"]


def test_defaults_are_the_templates_but_for_the_local_ones() -> None:
    values = settle(PARAMETERS, {})
    assert values["FirstReportAfterSeconds"] == "1"
    assert {name: str(rules["Default"]) for name, rules in PARAMETERS.items() if name != "FirstReportAfterSeconds"} == {
        name: value for name, value in values.items() if name != "FirstReportAfterSeconds"
    }


def test_given_values_win() -> None:
    values = settle(PARAMETERS, {"FirstReportAfterSeconds": "7", "SendConcurrency": "4"})
    assert (values["FirstReportAfterSeconds"], values["SendConcurrency"]) == ("7", "4")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Nonsense", "1", "there is no parameter Nonsense"),
        ("SendConcurrency", "3", "'3' is not one of 2, 4, 10"),
        ("StoreText", "yes", "'yes' is not one of true, false"),
        ("DefaultRegion", "ng", "'ng' is not one of AC, AD"),
        ("TimeZone", "Africa/Lagos\n", "must be a name of the IANA time zone database"),
        ("HttpTimeoutSeconds", "21", "21 is above 20"),
        ("HttpTimeoutSeconds", "0", "0 is below 1"),
        ("HttpTimeoutSeconds", "soon", "'soon' is not a number"),
        ("HttpTimeoutSeconds", "nan", "'nan' is not a number"),
        ("KeepRecordsDays", "29", "29 is below 30"),
        (
            "BulkQuietHours",
            "20:00-20:00",
            "'20:00-20:00' must be empty or two different times of the day, as 20:00-08:00",
        ),
    ],
)
def test_bad_values_are_told(name: str, value: str, told: str) -> None:
    with pytest.raises(LocalStackError) as caught:
        settle(PARAMETERS, {name: value})
    assert told in str(caught.value)


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(LocalStackError) as caught:
        settle(
            {"Needed": {"Type": "String"}, "Short": {"Type": "String", "MaxLength": 2}}, {"Short": "long", "New": "1"}
        )
    assert str(caught.value).count("\n") == 2
