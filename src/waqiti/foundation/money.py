"""Amounts: integers in a currency's minor unit, and the currencies of ISO 4217.

Exponents are those of ISO 4217 list one (active codes); funds, metals and test codes are left out, for nobody's wallet
holds them.
"""

from typing import Final

from waqiti.foundation.errors import Problem

MAX_AMOUNT: Final = 10**15

_EXPONENT_0: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_EXPONENT_3: Final = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENT_2: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)

EXPONENTS: Final[dict[str, int]] = (
    dict.fromkeys(_EXPONENT_2.split(), 2)
    | dict.fromkeys(_EXPONENT_0.split(), 0)
    | dict.fromkeys(_EXPONENT_3.split(), 3)
)
"""Digits after the decimal point of each currency: 2 for EUR, 0 for JPY, 3 for KWD."""
_MINOR_UNITS: Final = {code: int(10**exponent) for code, exponent in EXPONENTS.items()}


def checked_currency(code: str, pointer: str = "/currency") -> str:
    """Return ``code`` where it is an active ISO 4217 code.

    Raises:
        Problem: 422 ``invalid_request`` otherwise.
    """
    if code not in EXPONENTS:
        raise Problem.invalid(f"{code[:8]!r} is not an active ISO 4217 currency code.", pointer=pointer)
    return code


def major_units(units: int, currency: str) -> int:
    """Return ``units`` whole units of ``currency`` in its minor unit: 5 EUR is 500, 5 JPY is 5."""
    return units * _MINOR_UNITS[currency]


def format_amount(amount: int, currency: str) -> str:
    """Write an amount in minor units for a person: 1250, EUR gives ``12.50 EUR``."""
    exponent = EXPONENTS[currency]
    if exponent == 0:
        return f"{amount:,} {currency}"
    whole, fraction = divmod(abs(amount), 10**exponent)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}.{fraction:0{exponent}d} {currency}"
