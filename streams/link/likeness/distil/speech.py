"""Makes remarks out of phrases: how people ask, complain, wish and order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

ABOUT_DOING = (
    "how do i {}", "how can i {}", "can you {}", "can you {} for me", "i want to {}",
    "i would like to {}", "i need to {}", "i can't {}", "why can't i {}", "please {}",
    "is there a way to {}", "it should be possible to {}", "let me {}", "help me {}",
    "i am not able to {} any more", "where do i go to {}", "what do i need to {}",
    "we have to {} by hand every week", "our customers want to {}", "is it possible to {}",
    "i tried to {} and nothing happened", "when i {} the app crashes", "what happens if i {}",
    "the team can not {} without calling support", "could you tell me how to {}",
    "as an admin i want to {}", "after the update i can no longer {}", "am i allowed to {}",
    "they asked whether they could {}", "go ahead and {}", "don't {}",
    "how long does it take to {}",
)  # fmt: skip
"""Sentences around a phrase that begins with a verb."""

ABOUT_A_THING = (
    "what is {}", "what is my {}", "what's the {}", "tell me about {}", "show me the {}",
    "please add {}", "we need {}", "i need a new {}", "my {} is not working", "{} does not work",
    "{} is broken since the last update", "the {} is wrong", "why was my {} declined",
    "i have a problem with {}", "i lost my {}", "where is my {}", "the {} is too slow",
    "support for {}", "i love the {} but it is missing details", "no {} in the mobile app",
    "can i have more than one {}", "how much is the {}", "when will {} arrive",
    "a customer asked for {} again", "{} would save us hours each month", "do you offer {}",
    "i was charged for {}", "{} keeps crashing", "without {} we will not renew", "change my {}",
    "there is no option for {}", "how does {} work", "i don't understand {}", "find a {} near me",
    "great app but {} is missing", "they compare us with others because of {}", "is {} safe",
    "cancel my {}", "i have not received my {} yet", "set up {}", "better {} please",
)  # fmt: skip
"""Sentences around any other phrase."""

VERBS = frozenset(
    """add allow apply approve archive arrange ask assign attach backup block book borrow bring
    build buy call cancel change charge check choose clean clear close compare configure confirm
    connect convert cook copy correct count create customize cut define delete deliver deposit
    disable display download drive drop earn edit email enable enter erase exchange export extend
    fill filter find fix follow forward generate get give group handle hide import improve increase
    insert install invite join keep learn limit link list listen load lock log lower make manage
    mark match measure merge mix monitor move mute open order organize pack pair park paste pause
    pay pick plan play post prepare preview print protect publish pull put quit raise read receive
    record redo reduce refill refund reject release remind remove rename renew rent repair repeat
    replace report request reschedule reserve reset resize restart restore retry return review
    revoke roll rotate run save scan schedule search see select sell send separate set share ship
    show sign skip sort speak split start stop store submit subscribe switch sync tag take talk
    test track transfer translate travel try turn type undo unlock unsubscribe update upgrade
    upload use validate verify view visit wait wake walk wash watch withdraw write""".split()  # noqa: SIM905
)
SHORT, LONG = 7, 6
"""Words at most in a phrase that is spoken of, and at least in a sentence that is joined."""

JOINED = (2, 3, 3, 4)


def remarks(phrases: Sequence[str], size: int, seed: str) -> list[str]:
    """Spoken sentences around short phrases."""
    luck = random.Random(seed)  # noqa: S311 - must be repeatable
    short = [phrase for phrase in phrases if 1 <= len(phrase.split()) <= SHORT]
    return [_spoken(luck.choice(short), luck) for _ in range(size)]


def joined(texts: Sequence[str], size: int, seed: str) -> list[str]:
    """Longer remarks of a few sentences each."""
    luck = random.Random(seed)  # noqa: S311 - must be repeatable
    whole = [text for text in texts if len(text.split()) >= LONG]
    return [" ".join(_ended(luck, whole)) for _ in range(size)]


def _spoken(phrase: str, luck: random.Random) -> str:
    bare = phrase.rstrip(".!?:").strip()
    first, _, rest = bare.partition(" ")
    if first.lower() in VERBS and rest:
        return luck.choice(ABOUT_DOING).format(bare[0].lower() + bare[1:])
    return luck.choice(ABOUT_A_THING).format(bare if bare.isupper() else bare.lower())


def _ended(luck: random.Random, whole: Sequence[str]) -> Iterator[str]:
    for _ in range(luck.choice(JOINED)):
        yield luck.choice(whole).rstrip(".") + "."
