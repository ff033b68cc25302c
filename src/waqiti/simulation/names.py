"""Ordinary names, put together by lot: who bears one of them is nobody in particular."""

from random import Random
from typing import Final

_NAMES: Final = {
    "DE": ("Anna Bernd Clara Dirk Elke Felix Greta Jonas Katrin Lukas", "Albrecht Brandt Engel Fuchs Hartmann Keller"),
    "PT": ("Ana Bruno Catarina Duarte Filipa Ines Joana Miguel Rui Tiago", "Almeida Cardoso Duarte Lopes Matos Pinto"),
    "FR": ("Amelie Benoit Camille Denis Elodie Hugo Julie Luc Manon Remi", "Bernard Chevalier Fontaine Girard Moreau"),
    "PL": (
        "Agata Bartosz Dorota Ewa Jakub Kinga Marek Ola Pawel Zofia",
        "Adamczyk Borowski Lis Nowak Sikora",
    ),
    "IT": ("Alba Carlo Chiara Dario Elena Fabio Giulia Marco Paola Sara", "Bianchi Conti Ferrari Galli Marino Rinaldi"),
    "ES": ("Alba Carlos Elena Iker Javier Lucia Marta Nuria Pablo Sofia", "Alonso Castro Iglesias Molina Navarro Vega"),
    "NL": ("Anouk Bram Daan Eva Femke Jeroen Lotte Maarten Sanne Tess", "Bakker Dekker Jansen Mulder Visser Vos"),
    "KE": (
        "Achieng Amina Barasa Fatuma Juma Kamau Makena Njeri Otieno Wanjiru",
        "Kariuki Kimani Mwangi Odhiambo",
    ),
    "IN": ("Aditi Arjun Divya Ishaan Kavya Meera Nikhil Priya Rohan Vikram", "Chopra Iyer Joshi Mehta Nair Reddy"),
    "TR": ("Aylin Baris Cem Deniz Elif Emre Leyla Mert Selin Zeynep", "Aksoy Demir Kaya Korkmaz Ozturk Yilmaz"),
}
_COUNTRIES: Final = tuple((country, given.split(), family.split()) for country, (given, family) in _NAMES.items())


def name_of(chance: Random) -> tuple[str, str]:
    """Draw a name, and the country that it is common in (ISO 3166-1)."""
    country, given, family = _COUNTRIES[chance.randrange(len(_COUNTRIES))]
    return f"{given[chance.randrange(len(given))]} {family[chance.randrange(len(family))]}", country
