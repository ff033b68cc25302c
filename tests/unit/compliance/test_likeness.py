"""How alike names are: what a person would say of pairs in many scripts, and what holds of all pairs."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.services.compliance.domain.likeness import CONFIRMED, POSSIBLE, Likeness, outcome_of
from waqiti.services.compliance.domain.names import parse
from waqiti.services.compliance.domain.slips import word_likeness

LIKENESS = Likeness()
LETTERS = "abcdefghijklmnopqrstuvwxyzäøßþжщяאبم한 -'"
NAMES = st.text(alphabet=LETTERS, min_size=1, max_size=40).filter(lambda text: bool(parse(text).words))


def score(left: str, right: str) -> float:
    return LIKENESS.score(parse(left), parse(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Usama bin Ladin", "Osama bin Laden"),
        ("Владимир Путин", "PUTIN, Vladimir"),
        ("Евгений Пригожин", "Yevgeny Prigozhin"),
        ("Αλέξης Τσίπρας", "Alexis Tsipras"),
        ("김정은", "KIM, Jong Un"),
        ("Kim Jongun", "Kim Jong-un"),
        ("Mohamed Atta", "Muhammad Atta"),
        ("Abdurrahman Wahid", "Abdul Rahman Wahid"),
        ("Jürgen Müller", "Muller, Jurgen"),
        ("Gazprom OAO", "Gazprom JSC"),
        ("Banco Nacional de Cuba", "Banco Nacional Cuba"),
    ],
)
def test_the_same_name_in_other_letters_spellings_or_order_is_confirmed(left: str, right: str) -> None:
    assert outcome_of(score(left, right)) == "confirmed"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("محمد علي", "Muhammad Ali"),
        ("محمد حسني مبارك", "Muhammad Hosni Mubarak"),
        ("جمال عبد الناصر", "Gamal Abdel Nasser"),
        ("بشار الأسد", "Bashar al-Assad"),
        ("בנימין נתניהו", "Binyamin Netanyahu"),
        ("Vladimir Vladimirovich Putin", "Vladimir Putin"),
        ("Nicolás Maduro Moros", "Nicolas Maduro"),
        ("Joaquin Guzman Loera", "Joaquín Archivaldo Guzmán Loera"),
        ("Muammar Gaddafi", "Moammar Qadhafi"),
        ("Aleksandr Lukashenko", "Alexander Lukashenka"),
        ("Петр Порошенко", "Petro Poroshenko"),
        ("Ayman al-Zawahiri", "Aiman Alzawahiri"),
        ("Gulbuddin Hekmatyar", "Gulbudin Hikmatyar"),
        ("Rosoboronexport OAO", "ROSOBORONEKSPORT OAO"),
        ("Islamic Revolutionary Guard Corps", "Islamic Revolutionary Guards Corps"),
        ("Robert Mugabe", "MUGABE, Robert Gabriel"),
        ("Zorblat Quenvik", "Zoblat Quenvik"),
        ("Zorblat Quenvik", "Quenvki Zorblat"),
    ],
)
def test_a_slip_another_transliteration_or_a_missing_middle_name_is_possible(left: str, right: str) -> None:
    assert POSSIBLE <= score(left, right) < CONFIRMED


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Angelo Cruz", "Angela Merkel"),
        ("John Smith", "John Taylor"),
        ("Maria Garcia", "Mario Garcia"),
        ("Daniel Moreno", "Daniela Moreno"),
        ("Muhammad Ali", "Muhammad Hassan"),
        ("Muhammad Ali", "Muhammad Ali Al-Habbo"),
        ("Fatima Hassan", "Fatima Hussein"),
        ("Ali Karimi", "Ali Karim"),
        ("Kim Jong Un", "Kim Jong Il"),
        ("Kim Min-jun", "Kim Min-ji"),
        ("Wang Wei", "Wang Li"),
        ("Juan Carlos Lopez", "Juan Carlos Perez"),
        ("Sergei Ivanov", "Sergei Smirnov"),
        ("Иван Смирнов", "Иван Соколов"),
        ("محمد علي", "محمد حسن"),
        ("Abdul Rahman", "Abdul Karim"),
        ("Bank of China", "Bank of Cuba"),
        ("Bank Melli Iran", "Bank Mellat Iran"),
        ("General Trading Company", "General Construction Company"),
        ("Santos Silva", "Silva Santos Trading Ltda"),
        ("Muhammad", "Muhammad Atta"),
        ("Quenvik", "Zorblat Quenvik"),
        ("李 小龍", "王 小明"),
        ("bin al", "van der"),
    ],
)
def test_names_that_share_what_many_share_are_clear(left: str, right: str) -> None:
    assert outcome_of(score(left, right)) == "clear"


@given(NAMES, NAMES)
def test_a_score_lies_between_0_and_1_and_is_the_same_in_both_directions(left: str, right: str) -> None:
    assert 0.0 <= score(left, right) == score(right, left) <= 1.0


@given(NAMES)
def test_a_name_is_wholly_like_itself(name: str) -> None:
    assert score(name, name) == score(name, name.upper() if name.upper().casefold() == name.casefold() else name) == 1.0


@given(NAMES, NAMES, st.randoms(use_true_random=False))
def test_the_order_of_words_does_not_matter(left: str, right: str, chance: random.Random) -> None:
    words = list(parse(left).words)
    expected = score(" ".join(words), right)
    chance.shuffle(words)
    assert score(" ".join(words), right) == pytest.approx(expected)


@given(st.text(alphabet="abcdehklmnorsuyz", min_size=1, max_size=14), st.text(alphabet="abdeghmnorz", min_size=1))
def test_words_are_compared_alike_in_both_directions(left: str, right: str) -> None:
    assert 0.0 <= word_likeness(left, right) == word_likeness(right, left) <= 1.0
    assert word_likeness(left, left) == 1.0


def test_what_cannot_be_compared_is_like_nothing() -> None:
    assert score("---", "Zorblat") == score("", "") == 0.0


def test_a_name_of_a_thousand_words_takes_no_longer_than_one_of_a_few() -> None:
    long = "gnarl " * 5_000
    assert score(long, long) == 1.0
    assert score(long, "Zorblat Quenvik") == 0.0
