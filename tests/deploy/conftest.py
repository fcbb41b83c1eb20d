"""A page published once; every test that serves it works on a copy."""

from pathlib import Path

import pytest

from tests.deploy.published import publish_page
from tests.live import lander_at


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation with one published page, which is not served."""
    data_dir = tmp_path_factory.mktemp("installation")
    with lander_at(data_dir) as lander:
        publish_page(lander, tmp_path_factory.mktemp("pages"))
    return data_dir
