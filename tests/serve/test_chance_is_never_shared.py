"""Ids come from the system's randomness by the thousand; no two draws are the same, in no two processes."""

import os
from concurrent.futures import ThreadPoolExecutor

from lander.serve.chance import BYTES, draw


def test_no_two_draws_are_the_same() -> None:
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: draw(), range(20_000)))
    assert len(set(drawn)) == 20_000
    assert {len(each) for each in drawn} == {BYTES}


def test_a_forked_child_draws_its_own() -> None:
    draw()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write_end, draw())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read_end, BYTES) not in {draw() for _ in range(5_000)}
    os.close(read_end)
    os.close(write_end)
