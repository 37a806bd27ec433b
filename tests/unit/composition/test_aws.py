"""The functions' session of AWS makes the clients that any session of botocore makes."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from kobo_sms.composition.aws import QuickLoader, aws_session, make_client


@pytest.fixture(autouse=True)
def somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def test_the_quick_loader_knows_the_services_that_botocores_own_knows() -> None:
    assert set(Loader().list_available_services("service-2")) <= set(QuickLoader().list_available_services("service-2"))


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "secretsmanager", "lambda", "sns", "events", "s3"])
def test_a_client_is_what_botocore_makes(service: str) -> None:
    usual = botocore.session.get_session().create_client(service)
    made = make_client(service)
    assert made.meta.endpoint_url == usual.meta.endpoint_url
    assert made.meta.service_model.operation_names == usual.meta.service_model.operation_names


def test_a_service_that_is_none_is_told() -> None:
    with pytest.raises(UnknownServiceError):
        make_client("no-such-service")


def test_a_folder_of_models_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    loader = QuickLoader(extra_search_paths=[str(tmp_path / "none")])
    assert "dynamodb" in loader.list_available_services("service-2")


def test_clients_share_a_session() -> None:
    assert aws_session() is aws_session()
