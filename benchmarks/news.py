"""News as they come, made up: many kinds and countries, most of them told more than once."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

COUNTRIES = {
    "PE": "Peru Arequipa Callao Trujillo Piura",
    "BR": "Brazil Recife Manaus Santos Belém",
    "CO": "Colombia Cali Medellín Cartagena Leticia",
    "VE": "Venezuela Maracay Barinas Acarigua Carúpano",
    "BO": "Bolivia Cochabamba Oruro Sucre Tarija",
    "CL": "Chile Iquique Talcahuano Arica Temuco",
    "NI": "Nicaragua Bluefields Corinto Estelí Rivas",
    "EC": "Ecuador Guayaquil Manta Cuenca Loja",
    "MX": "Mexico Puebla Veracruz Tampico Mérida",
    "AR": "Argentina Rosario Mendoza Salta Neuquén",
}
KINDS = (
    *(
        "helicopters",
        "tanks",
        "frigates",
        "rifles",
        "radars",
        "drones",
        "missiles",
        "trucks",
        "trainers",
        "parts",
    ),
    *(
        "pipelines",
        "reactors",
        "harbours",
        "railways",
        "loans",
        "tariffs",
        "satellites",
        "vaccines",
        "grain",
        "mines",
    ),
)
DOES = (
    "buys",
    "receives",
    "orders",
    "inspects",
    "delays",
    "returns",
    "repairs",
    "tests",
    "cancels",
    "displays",
)
SYLLABLES = (
    "ba",
    "cor",
    "da",
    "fe",
    "gal",
    "ho",
    "ju",
    "ka",
    "lo",
    "mar",
    "ne",
    "pa",
    "qui",
    "ro",
    "sa",
    "ti",
    "va",
    "zu",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """What comes: of how many kinds and countries, and over how many days before today."""

    name: str
    kinds: Sequence[str] = KINDS
    countries: Sequence[str] = tuple(COUNTRIES)
    days: int = 3


NEWS = Flow(name="news of three days")
PAST = Flow(name="news of the last year", days=365)
DENSE = Flow(name="one kind, country and day", kinds=KINDS[:1], countries=["PE"], days=1)


def news(flow: Flow, number: int, seed: int, today: date) -> Iterator[dict[str, str]]:
    """Make news: six in ten tell of what another told before, in the same words or in some of them."""
    rng = random.Random(seed)  # noqa: S311 - a stream, not a secret
    told: list[dict[str, str]] = []
    for n in range(number):
        again = rng.random() < 0.6 and len(told) > 0
        said = dict(rng.choice(told[-200:])) if again else _story(rng, flow, today)
        if again and rng.random() < 0.5:
            words = said["headline"].split(", ")
            said["headline"] = (
                f"{words[0]}, {_name(rng)} says" if rng.random() < 0.5 else f"(EFE) - {words[0]}"
            )
        told.append(said)
        yield said | {"id": f"{seed}-{n}", "url": f"https://n{n % 300}.example/{seed}/{n}", "grade": "C3"}


def _story(rng: random.Random, flow: Flow, today: date) -> dict[str, str]:
    nation, *towns = COUNTRIES[rng.choice(flow.countries)].split()
    number, kind = rng.randint(2, 60), rng.choice(flow.kinds)
    headline = (
        f"{nation} {rng.choice(DOES)} {number} {_name(rng)} {kind} in {rng.choice(towns)}, {_name(rng)} says"
    )
    day = today - timedelta(rng.randrange(flow.days))
    return {"headline": headline, "published_on": str(day), "publisher": f"paper{rng.randrange(400)}.example"}


def _name(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES, k=3)).title()


def write(path: Path, flow: Flow, number: int, seed: int, today: date) -> None:
    """Write news as JSON lines."""
    with path.open("w") as lines:
        lines.writelines(f"{json.dumps(one)}\n" for one in news(flow, number, seed, today))
