"""The moment in which no worker lives: whoever comes then waits for the next one."""

import pytest

from tests.deploy.published import HOST, PATH
from tests.faults.conftest import Stand
from tests.faults.processes import children_of, kill, master_of, wait_until_gone


@pytest.mark.parametrize("stand", ["gunicorn", "granian"], indirect=True)
def test_visitors_wait_while_no_worker_lives(stand: Stand) -> None:
    with stand.up() as lander:
        workers = children_of(master_of(lander.pid))
        for worker in workers:
            kill(worker)
        wait_until_gone(workers)
        response, _ = lander.request("GET", HOST, PATH)
        assert response.status == 200
