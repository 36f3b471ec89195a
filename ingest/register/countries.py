"""The names by which SIPRI calls suppliers and recipients, made ISO 3166. Pure.

States that are no more, armed groups (``*``), organisations (``**``) and parties that are not known keep
their name and have no code: nobody is read as their successor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from babel import Locale

from ingest.countries import ISO_3166, KOSOVO, NEARLY
from ingest.tables import folded_name

# Where SIPRI, or common use, calls a country otherwise than the Unicode locale data do.
_CALLED = {
    "AE": ("UAE",),
    "BA": ("Bosnia-Herzegovina", "Bosnia"),
    "CD": ("DR Congo", "Congo, DR", "Democratic Republic of the Congo", "DRC", "Zaire"),
    "CG": ("Congo", "Republic of the Congo"),
    "CI": ("Cote d'Ivoire", "Ivory Coast"),
    "CV": ("Cabo Verde", "Cape Verde"),
    "CZ": ("Czechia", "Czech Republic"),
    "DE": ("Germany", "Germany (FRG)"),
    "GB": ("United Kingdom", "UK", "Great Britain"),
    "KP": ("North Korea", "North Korea (DPRK)"),
    "KR": ("South Korea", "South Korea (ROK)"),
    "LA": ("Laos", "Lao PDR"),
    "MK": ("North Macedonia", "Macedonia", "Macedonia (FYROM)"),
    "MM": ("Myanmar", "Burma"),
    "PS": ("Palestine",),
    "SZ": ("Eswatini", "Swaziland"),
    "RU": ("Russia", "Russian Federation"),
    "TL": ("Timor-Leste", "East Timor"),
    "TR": ("Turkiye", "Turkey"),
    "TW": ("Taiwan", "Taiwan (ROC)"),
    "US": ("United States", "USA"),
    "VA": ("Vatican", "Holy See", "Vatican (Holy See)"),
    "VC": ("Saint Vincent", "Saint Vincent and the Grenadines"),
    "VN": ("Viet Nam", "Vietnam"),
}
_WITHOUT_CODE = frozenset(
    map(
        folded_name,
        (
            *("Soviet Union", "Yugoslavia", "Serbia and Montenegro", "Czechoslovakia", "East Germany (GDR)"),
            *("West Germany (FRG)", "North Yemen", "South Yemen", "South Viet Nam", "South Vietnam"),
            *("North Vietnam", "North Viet Nam", "Zanzibar", "Biafra", "Katanga", "Rhodesia", "Abkhazia"),
            *("South Ossetia", "Northern Cyprus", "Libya GNC", "Libya HoR", "multiple sellers", "Somaliland"),
            *("Trans-Dniester", "German Democratic Republic"),
        ),
    )
)


@dataclass(frozen=True, order=True, slots=True)
class Party:
    """A supplier or a recipient.

    Parameters
    ----------
    name
        As SIPRI writes it.
    code
        ISO 3166 alpha-2; None for who has none.
    """

    name: str
    code: str | None

    def __str__(self) -> str:
        return self.code or self.name


@lru_cache(maxsize=4096)
def party(name: str) -> Party:
    """Read a name of the register."""
    return Party(name, None if "*" in name else _codes().get(folded_name(name)))


def is_expected(one: Party) -> bool:
    """Whether a party has a code, or is known to have none."""
    if one.code is not None or "*" in one.name:
        return True
    folded = folded_name(one.name)
    return folded.startswith("unknown") or folded in _WITHOUT_CODE


def asked(text: str) -> Party:
    """Read whom a user asks for: by ISO code, or by a name."""
    capitals = text.strip().upper()
    code = NEARLY.get(capitals, capitals)
    if text.isascii() and (code in ISO_3166 or code == KOSOVO):
        return Party(Locale("en").territories[code], code)
    return party(text.strip())


def same(one: Party, other: Party) -> bool:
    """Whether two names are of one party: by code where there is one, else by name."""
    if one.code or other.code:
        return one.code == other.code
    return folded_name(one.name) == folded_name(other.name)


@cache
def _codes() -> Mapping[str, str]:
    """Codes by names as they are compared."""
    usual = Locale("en").territories
    found = {folded_name(usual[code]): code for code in (*sorted(ISO_3166), KOSOVO)}
    return found | {folded_name(name): code for code, names in _CALLED.items() for name in names}
