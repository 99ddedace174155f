"""The twin's own arithmetic against known values."""

import math
import random

from lengths import NUM_FREE, decode, encode, seen
from logarithm import bits, log

# (x, ln x to 19 digits)
KNOWN = [
    (2.0, "0.6931471805599453094"),
    (3.0, "1.0986122886681098028"),
    (10.0, "2.3025850929940456840"),
    (1.5, "0.4054651081081643820"),
    (1024.0, "6.9314718055994530942"),
    (5e-324, "-744.4400719213812622"),
]


def test_logarithm_of_known_values() -> None:
    assert log(1.0) == 0.0
    for x, expected in KNOWN:
        assert abs(bits(log(x)) - bits(float(expected))) <= 1, (x, log(x), expected)


def test_logarithm_is_within_one_unit_of_the_c_library() -> None:
    random.seed(3)
    exact = 0
    for _ in range(20_000):
        x = 1.0 + random.random() * 10 ** random.randint(-6, 9)
        difference = abs(bits(log(x)) - bits(math.log(x)))
        assert difference <= 1, x
        exact += difference == 0
    assert exact > 15_000


def test_lengths_are_exact_to_forty_and_never_far_off() -> None:
    assert NUM_FREE == 24
    assert [seen(length) for length in range(41)] == list(range(41))
    assert (encode(24), encode(40), encode(41), seen(41), decode(255)) == (24, 40, 40, 40, 2013265944)
    for length in range(41, 100_000, 7):
        assert 8 / 9 < seen(length) / length <= 1.0
    assert [encode(decode(code)) for code in range(256)] == list(range(256))
