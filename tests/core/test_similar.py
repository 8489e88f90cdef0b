"""Threads that are like a new one."""

from listserver.core.similar import NEWEST, WORDS, likest, telling

MANY = list(range(1_000, 1_000 + NEWEST))


def test_the_longest_words_tell_each_once() -> None:
    assert telling(["re", "to", "drift", "sensor", "drift"]) == telling(["sensor", "drift"])
    assert len(telling([f"word{'x' * n}" for n in range(2 * WORDS)])) == WORDS
    assert telling([]) == ()
    assert all(0 <= word < 2**31 for word in telling(["humidity", "sensors", "überlauf"]))


def test_rare_words_in_common_make_threads_alike() -> None:
    assert likest({1: [7, 5], 2: [7, 5, 3], 3: MANY}) == [7, 5]


def test_the_best_come_first_and_newer_ones_before_older() -> None:
    assert likest({1: [9, 8, 6], 2: [9, 8, 6, 4], 3: [6]}) == [6, 9, 8]
    assert likest({1: [9, 8, 7, 6], 2: [9, 8, 7, 6]}) == [9, 8, 7]


def test_one_word_or_words_that_all_have_are_not_enough() -> None:
    assert likest({1: [7], 2: []}) == []
    assert likest({1: MANY, 2: MANY}) == []
    assert likest({1: [7], 2: [7], 3: [1], 4: [2], 5: [3], 6: [4]}) == []  # little of what was asked
    assert likest({}) == []
