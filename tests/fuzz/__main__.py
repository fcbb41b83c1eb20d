"""Attack Lander with made-up requests: `python -m tests.fuzz --requests 1000000 --seed 7`.

Prints the seed, what was answered, and how many lines of `lander.serve` were run. A request that breaks a rule is
printed as it was sent, with the chunk that repeats it: `python -m tests.fuzz --seed 7 --chunk 12`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import SystemRandom
from typing import Any

import coverage

CHUNK, CHUNKS_OF_A_PART = 2_500, 10
ROOT = Path(__file__).parents[2]
_FORGETFUL = "ignore:Unclosed file <tempfile:ResourceWarning"  # Werkzeug's, of a form that cannot be read


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(10**6), help="by default another each time"
    )
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--chunk", type=int, help="repeat this one alone")
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)  # its first chunk
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part is not None:
        _work(options)
        return 0
    print(f"seed {options.seed}", flush=True)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lander-fuzz-") as folder:
        outcomes = _run_workers(options, Path(folder))
        lines, missing = _read_coverage(Path(folder))
    return _tell(options, outcomes, time.perf_counter() - started, lines, missing)


def list_chunks(options: argparse.Namespace) -> list[tuple[int, int]]:
    """Number and size of each chunk."""
    if options.chunk is not None:
        return [(options.chunk, CHUNK)]
    return [(number, min(CHUNK, options.requests - at)) for number, at in enumerate(range(0, options.requests, CHUNK))]


def _run_workers(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """A process for every ten chunks, so that a long run holds no more than a short one."""
    parts = range(0, len(list_chunks(options)), CHUNKS_OF_A_PART)
    with ThreadPoolExecutor(options.workers) as pool:
        return list(pool.map(lambda part: _run_part(options, part, folder / f"{part}.json"), parts))


def _run_part(options: argparse.Namespace, part: int, out: Path) -> dict[str, Any]:
    named = {"seed": options.seed, "requests": options.requests, "chunk": options.chunk, "part": part, "out": out}
    command = [sys.executable, "-W", "error", "-W", _FORGETFUL, "-m", "tests.fuzz"]
    command += [f"--{name}={value}" for name, value in named.items() if value is not None]
    subprocess.run(command, cwd=ROOT, check=True)
    outcome: dict[str, Any] = json.loads(out.read_text())
    return outcome


def _work(options: argparse.Namespace) -> None:
    """The chunks of one part, with every line of the public path watched from its import on."""
    watch = coverage.Coverage(
        data_file=str(options.out.with_suffix(".coverage")), config_file=False, source_pkgs=["lander.serve"]
    )
    watch.start()
    from tests.fuzz.attack import attack

    outcome = attack(seed=options.seed, chunks=list_chunks(options)[options.part : options.part + CHUNKS_OF_A_PART])
    watch.stop()
    watch.save()
    options.out.write_text(json.dumps(outcome.as_json()))


def _read_coverage(folder: Path) -> tuple[float, dict[str, str]]:
    """The share of lines of `lander.serve` that were run, in per cent, and by file those that were not."""
    watch = coverage.Coverage(data_file=str(folder / "all.coverage"), config_file=False)
    watch.combine([str(file) for file in folder.glob("[0-9]*.coverage")])
    total, missed, missing = 0, 0, {}
    for file in sorted(watch.get_data().measured_files()):
        _, statements, _, absent, shown = watch.analysis2(file)
        total, missed = total + len(statements), missed + len(absent)
        if absent:
            missing[Path(file).name] = shown
    return 100 * (total - missed) / total, missing


def _tell(
    options: argparse.Namespace,
    outcomes: list[dict[str, Any]],
    seconds: float,
    lines: float,
    missing: dict[str, str],
) -> int:
    requests = sum(outcome["requests"] for outcome in outcomes)
    reached = sum(outcome["reached"] for outcome in outcomes)
    statuses: Counter[str] = sum((Counter(outcome["statuses"]) for outcome in outcomes), Counter())
    kinds: Counter[str] = sum((Counter(outcome["kinds"]) for outcome in outcomes), Counter())
    breaches = [breach for outcome in outcomes for breach in outcome["breaches"]]
    print(f"{requests:,} requests in {seconds:.0f} s: {' '.join(f'{kind} {n:,}' for kind, n in kinds.most_common())}")
    print(f"answered {' '.join(f'{status}:{count:,}' for status, count in sorted(statuses.items()))}")
    print(f"{100 * reached / requests:.1f} % reached a page, form, beacon or studio view with one mutation")
    print(f"{lines:.1f} % of the lines of lander.serve were run; not run: {missing}")
    for breach in breaches:
        print(breach)
    print("nothing broke" if not breaches else f"{len(breaches)} requests broke a rule; repeat one with its --chunk")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
