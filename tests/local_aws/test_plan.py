"""What is to be run, settled before anything starts."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from local_aws import plan
from local_aws.code import pack, pack_each
from local_aws.errors import LocalStackError
from local_aws.lambda_runtime.installed import LambdaRuntime


def settle(*, kobo_url: str | None = None, built: bool = False, code: Path | None = None) -> plan.Plan:
    with plan.made(aws_port=0, mock_port=0, kobo_url=kobo_url, given={}, built=built, code=code) as settled:
        return settled


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("https://kobomobile.net/api", "https://kobomobile.net/api"),
        ("http://127.0.0.1:9/api/", "http://127.0.0.1:9/api"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/api"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/api"),
    ],
)
def test_another_kobo_mobile_may_be_given_as_api_or_as_server(url: str, base_url: str) -> None:
    settled = settle(kobo_url=url)
    assert settled.parameters["KoboBaseUrl"] == base_url
    assert (settled.mock_port, settled.mock_url) == (None, None)


def test_another_kobo_mobile_gets_the_account_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settle(kobo_url="http://127.0.0.1:9").credentials == {"user": "demo", "pass": "demo-pass"}
    monkeypatch.setenv("KOBO_USER", "me")
    monkeypatch.setenv("KOBO_PASS", "mine")
    assert settle(kobo_url="http://127.0.0.1:9").credentials == {"user": "me", "pass": "mine"}
    assert settle().credentials == {"user": "demo", "pass": "demo-pass"}


def test_the_functions_of_the_tree_are_deployed_unless_another_folder_is_given(tmp_path: Path) -> None:
    names = {"SendSms", "CheckCredit", "PollReports", "PublishStatus", "QueueCampaign"}
    assert settle().code == dict.fromkeys(names, plan.ROOT / "functions")
    assert settle(code=tmp_path).code == dict.fromkeys(names, tmp_path)


def test_built_functions_come_from_where_sam_build_put_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = tmp_path / "template.yaml"
    monkeypatch.setattr(plan, "BUILT", built)
    monkeypatch.setattr(plan, "installed", lambda _: LambdaRuntime(Path("python"), Path("rie")))
    with pytest.raises(LocalStackError, match="make build"):
        settle(built=True)
    # sam build names each function's folder in its own properties.
    handler = "      Handler: "
    built.write_text(plan.SOURCE.read_text().replace(handler, f"      CodeUri: Built\n{handler}"))
    assert set(settle(built=True).code.values()) == {tmp_path / "Built"}


def test_code_is_packed_without_byte_code(tmp_path: Path) -> None:
    for name in ("handler.py", "kobo_sms/__init__.py", "kobo_sms/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with zipfile.ZipFile(BytesIO(pack(tmp_path))) as archive:
        assert archive.namelist() == ["handler.py", "kobo_sms/__init__.py"]


def test_an_empty_code_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="there is no code"):
        pack(tmp_path)


def test_functions_of_one_folder_share_one_archive(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").touch()
    found = pack_each({"A": tmp_path / "x", "B": tmp_path / "x", "C": tmp_path / "y"})
    assert found["A"] == found["B"] != found["C"]
