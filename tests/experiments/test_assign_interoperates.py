"""Every assignment is GrowthBook's: asked through the SDK's own public door, hash version 2."""

import random

import pytest
from growthbook import Experiment, GrowthBook

from experiments.allocation import ranges
from experiments.assign import BUCKETS, bucket, choose

SPLITS = [
    ([5_000, 5_000], 10_000),
    ([5_000, 5_000], 3_300),
    ([1_000, 2_000, 7_000], 10_000),
    ([1_000, 2_000, 7_000], 3_300),
    ([700, 1_300, 8_000], 10_000),
    ([700, 1_300, 8_000], 3_300),
    ([3_333, 3_333, 3_334], 9_999),
    ([100, 200, 300, 9_400], 700),
]
IDS_PER_SPLIT = 12_500  # 100,000 in all


def assigned_by_growthbook(
    seed: str, visitor_ids: list[str], weights_bp: list[int], coverage_bp: int
) -> list[int | None]:
    client = GrowthBook(attributes={})
    experiment: Experiment[int] = Experiment(
        key="interoperation",
        variations=list(range(len(weights_bp))),
        weights=[weight / 10_000 for weight in weights_bp],
        coverage=coverage_bp / 10_000,
        hashVersion=2,
        seed=seed,
    )
    answers: list[int | None] = []
    for visitor_id in visitor_ids:
        client.set_attributes({"id": visitor_id})
        result = client.run(experiment)
        answers.append(result.variationId if result.inExperiment else None)
    client.destroy()
    return answers


@pytest.fixture(scope="module")
def visitor_in_each_bucket() -> list[str]:
    """One id per bucket under the seed "all-buckets"."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < BUCKETS:
        visitor_id = f"{number:x}"
        found.setdefault(bucket("all-buckets", visitor_id), visitor_id)
        number += 1
    return [found[number] for number in range(BUCKETS)]


@pytest.mark.parametrize(("weights_bp", "coverage_bp"), SPLITS)
def test_all_ten_thousand_buckets_fall_where_the_sdk_puts_them(
    visitor_in_each_bucket: list[str], weights_bp: list[int], coverage_bp: int
) -> None:
    owned = ranges(weights_bp, coverage_bp)
    ours = [choose(number, owned) for number in range(BUCKETS)]
    assert ours == assigned_by_growthbook("all-buckets", visitor_in_each_bucket, weights_bp, coverage_bp)


@pytest.mark.parametrize(("weights_bp", "coverage_bp"), SPLITS)
def test_real_ids_under_a_real_seed_fall_where_the_sdk_puts_them(weights_bp: list[int], coverage_bp: int) -> None:
    source = random.Random(coverage_bp + len(weights_bp))
    visitor_ids = [source.randbytes(16).hex() for _ in range(IDS_PER_SPLIT)]
    owned = ranges(weights_bp, coverage_bp)
    ours = [choose(bucket("spring-sale-1:1", visitor_id), owned) for visitor_id in visitor_ids]
    assert ours == assigned_by_growthbook("spring-sale-1:1", visitor_ids, weights_bp, coverage_bp)


def test_the_published_value_of_the_sdks_holds() -> None:
    # hash("", "a", version 2) = 0.0216; version 1 gives 0.22
    assert bucket("", "a") == 216
