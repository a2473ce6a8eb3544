"""A key's partition is the one that Kafka's other clients choose."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafkas
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_pythons

from sinks.kafka.partitions import FEW, LONGEST_BYTES, hashes_of, partitions_of

KEYS = st.lists(st.binary(max_size=70), max_size=30)


@given(KEYS)
def test_every_key_has_the_hash_that_both_clients_give_it(keys: list[bytes]) -> None:
    """Whatever keys it is hashed beside, of whatever lengths."""
    hashed = [int(each) for each in hashes_of(keys)]
    assert hashed == [aiokafkas(key) & 0xFFFFFFFF for key in keys]
    assert hashed == [kafka_pythons(key) & 0xFFFFFFFF for key in keys]


@given(KEYS, st.integers(1, 100))
def test_a_partition_is_the_hash_without_its_sign_by_the_rest(
    keys: list[bytes], count: int
) -> None:
    """As the Java client has it: the highest bit is dropped, not negated."""
    expected = [(aiokafkas(key) & 0x7FFFFFFF) % count for key in keys]
    assert partitions_of(keys, count) == expected


@pytest.mark.parametrize("longest", [LONGEST_BYTES, LONGEST_BYTES + 1])
def test_a_key_is_at_the_same_place_however_many_and_long_those_beside_it_are(longest: int) -> None:
    """Alone, in a crowd, and in a crowd with a key too long to lay beside it."""
    crowd = [b"k" * longest, *(f"ä{number}".encode() for number in range(FEW))]
    together = partitions_of(crowd, 12)
    assert together == [partitions_of([key], 12)[0] for key in crowd]
    assert len(set(together)) > 1
