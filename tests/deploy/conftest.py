"""Pages published once; every test that serves them works on a copy."""

from pathlib import Path

import pytest

from tests.deploy.published import DEVELOPMENT, install


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation with two published pages."""
    data_dir = tmp_path_factory.mktemp("installation")
    install(data_dir, **DEVELOPMENT)
    return data_dir
