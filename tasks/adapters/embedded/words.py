"""Words as the index keeps them, so that `geração`, `GERACOES` and `gerações` are one."""

import re
import unicodedata

ENDINGS = (
    # Portuguese plurals and genders, on folded words; the stemmer is made for accented ones.
    (re.compile(r"(?<=\w\w)[ao]es$"), "ao"),
    (re.compile(r"(?<=\w\w)ais$"), "al"),
    (re.compile(r"(?<=\w\w)eis$"), "el"),
    (re.compile(r"(?<=\w\w)ois$"), "ol"),
    (re.compile(r"(?<=\w\w)i[ao]s?$"), "i"),
)
COMMON = (
    "a o as os um uma de do da dos das em no na nos nas por para com e ou que qual quais quanto "
    "quanta quantos quantas foi foram ser sao como se ao aos "
    "the of in on at by for to and or is are was were what which how much many"
)
STOP = frozenset(COMMON.split())


def folded(text: str) -> str:
    """Lower case, without accents, and with nothing but letters, digits and single blanks."""
    # Decomposed first: a mathematical capital, say, has no lower case until it is a plain letter.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", bare))


def portuguese(text: str) -> str:
    """Folded text whose words have lost the endings that the Portuguese stemmer misses when
    accents are gone."""
    return " ".join(_singular(word) for word in folded(text).split())


def meaningful(text: str, *, most: int) -> str:
    """The words of a question that say what it is about, at most `most`; all where none does."""
    words = folded(text).split()[: 4 * most]
    return " ".join(([w for w in words if w not in STOP] or words)[:most])


def _singular(word: str) -> str:
    for ending, singular in ENDINGS:
        if ending.search(word):
            return ending.sub(singular, word)
    return word
