"""The shipped rules: what they accept, what they leave to an editor, and what they leave alone."""

import pytest

from benchmarks import tagging
from benchmarks.tagging import ACCEPT_ABOVE, RIGHT, Judged, Told, blended, item, judged, quality, told
from ingest.tagging import Tagger

IN_FOUR_LANGUAGES = """
    delivery VE         Russia delivers Pantsir air defence systems to Venezuela
    delivery PE         Rusia entregó a Perú dos helicópteros Mi-171Sh
    delivery VE         Venezuela recebeu mísseis russos Buk-M2E
    delivery NI         Никарагуа получила российские танки Т-72
    contract_signed PE  Peru signs contract with Russian Helicopters for overhaul of Mi-17 fleet
    contract_signed PE  Perú firmó contrato con Rosoboronexport para reparar helicópteros Mi-171
    contract_signed BR  Brasil assina contrato com a Rosoboronexport para manutenção dos Mi-35
    contract_signed PE  Рособоронэкспорт подписал контракт с Перу на ремонт вертолетов Ми-17
    defence_agreement NI        Russia and Nicaragua sign military cooperation agreement
    defence_agreement BO        Rusia y Bolivia firman acuerdo de cooperación militar
    defence_agreement BR        Brasil e Rússia assinam acordo de cooperação militar
    defence_agreement NI        Госдума ратифицировала соглашение с Никарагуа о военном сотрудничестве
    training_or_exercise VE     Russian warships arrive in Venezuela for joint drills
    training_or_exercise VE     Dos bombarderos rusos Tu-160 aterrizan en Venezuela
    training_or_exercise VE     Navios de guerra russos chegam à Venezuela
    training_or_exercise VE     Отряд кораблей ВМФ России зашел в порт Венесуэлы
    us_pushback PE      US warns Peru against buying Russian helicopters
    us_pushback NI      EE.UU. sanciona centro de entrenamiento ruso en Nicaragua
    us_pushback BR      EUA advertem Brasil contra compra de armas russas
    project_cancelled CO        Colombia cancels maintenance contract for Russian helicopters
    project_cancelled BR        Brasil cancela compra do sistema antiaéreo russo Pantsir
    project_cancelled BR        Бразилия отказалась от закупки комплексов Панцирь-С1
    project_delay PE    Peru postpones purchase of Russian tanks
    project_delay CO    Colombia: helicópteros Mi-17 en tierra por falta de mantenimiento y repuestos
    project_delay PE    Строительство центра по ремонту вертолетов Ми-17 в Перу отложено
    high_level_visit NI Shoigu visits Nicaragua to discuss military cooperation
    high_level_visit VE El ministro de Defensa ruso visita Venezuela
    high_level_visit VE Министр обороны России прибыл с визитом в Венесуэлу
    service_center_opening PE   Russian helicopter service centre opens in Peru
    service_center_opening PE   Inauguran en Perú centro de mantenimiento de helicópteros rusos
    service_center_opening PE   В Перу открыт сервисный центр по ремонту российских вертолетов
    coproduction_agreement BR   Russia and Brazil agree on joint production of helicopters
    coproduction_agreement VE   Rusia y Venezuela acuerdan producción conjunta de municiones
    uav_agreement VE    Russia and Venezuela sign agreement on drone production
    uav_agreement BO    Россия и Боливия подписали соглашение о беспилотниках
    swap_refused CO     Colombia refuses to send Russian-made weapons to Ukraine
    swap_refused BR     Brasil recusa enviar munição à Ucrânia
    western_competitor_deal PE  Peru selects Sweden's Gripen fighters
    arms_offer PE       Rusia ofrece a Perú modernizar sus tanques T-55
    arms_offer BR       Россия предложила Бразилии истребители Су-57
"""
NOT_ACCEPTED = """
    Russia and Brazil sign fertiliser supply contract
    Russian tanker arrives in Venezuela to load crude despite US blockade
    Plane carrying Russian vaccines arrives in Caracas
    Mexico's Interjet receives Russian Sukhoi Superjet 100 airliners
    Mi-17 helicopter delivers aid to flood victims in northern Peru
    Venezuelan Su-30 jets fly over US warship in the Caribbean
    Spartak Moscow sign Brazilian defender to bolster defence on four-year contract
    Russia condemns US strike on Venezuela and warns of consequences
    Colombian mercenaries arrive in Ukraine to fight Russian forces
    Peruvian Mi-171 military helicopter crashes in the Amazon, five dead
    Peru, Indiana, opens helicopter museum with Russian Mi-24
    New Mexico base hosts Russian-made Mi-17 for training, US Army says
    India and Russia sign defence agreement, Brazil watches
    Chile's forest fires: Russian Il-76 tanker plane arrives to help
    Trump threatens Brazil with tariffs over purchases of Russian diesel
    Venezuelan opposition asks US and Russia to end military support for Maduro
    Kremlin denies sending troops to Venezuela
    Venezuela will receive new Russian missiles soon, Maduro says
    Brazilian police seize Kalashnikov rifles delivered to Rio gang
    Russia and Brazil sign agreement on artificial intelligence
    Rusia y Bolivia firman acuerdo sobre litio
    Rusia entrega a Venezuela vacunas Sputnik V
    Bomberos rusos llegan a Bolivia para combatir incendios
    Buque ruso con combustible llega a Venezuela
    El ejército ruso recibe nuevos tanques, mientras Brasil pide paz
    Rússia e Brasil assinam acordo sobre fertilizantes
    Россия и Бразилия подписали соглашение о поставках удобрений
    Сборная Перу по футболу прибыла в Москву
    Российские военные получили новые танки, сообщил корреспондент из Бразилии
"""


@pytest.fixture(scope="module")
def rules() -> Tagger:
    return tagging.shipped()


def accepted(rules: Tagger, headline: str, summary: str = "") -> str | None:
    tagged = rules.judge(item(headline, summary))
    return f"{tagged.tag} {tagged.country}" if tagged and tagged.confidence >= ACCEPT_ABOVE else None


@pytest.mark.parametrize("line", IN_FOUR_LANGUAGES.strip().splitlines())
def test_events_are_accepted_in_four_languages(rules: Tagger, line: str) -> None:
    tag, country, headline = line.split(maxsplit=2)
    assert accepted(rules, headline) == f"{tag} {country}"


@pytest.mark.parametrize("headline", NOT_ACCEPTED.strip().splitlines())
def test_what_only_sounds_alike_is_not_accepted(rules: Tagger, headline: str) -> None:
    assert accepted(rules, headline.strip()) is None


@pytest.mark.parametrize(
    ("even", "precision", "recall", "seen"), [(True, 0.98, 0.49, 0.85), (False, 0.88, 0.17, 0.69)]
)
def test_the_rules_are_as_good_as_was_measured(
    rules: Tagger, even: bool, precision: float, recall: float, seen: float
) -> None:
    found = judged(rules, [one for one in told() if one.even is even])
    measured = quality(found)
    assert measured.precision is not None
    assert measured.recall is not None
    assert measured.precision >= precision
    assert measured.recall >= recall
    assert sum(one.tagged is not None for one in found) >= seen * len(found)


def test_no_foreign_summary_makes_a_report_accepted_as_something_else(rules: Tagger) -> None:
    reports = [one for one in told() if one.even]
    mixed = quality(blended(rules, reports))
    assert mixed.accepted == mixed.outcomes[RIGHT] > 150


@pytest.mark.slow
def test_of_real_feeds_nothing_is_accepted_and_what_waits_concerns_the_forecast(rules: Tagger) -> None:
    if not tagging.FEEDS.is_dir():
        pytest.skip("the captured feeds are not part of the project")
    items = list(tagging.feed_items(tagging.FEEDS))
    waiting = [(one.headline, tagged) for one in items if (tagged := rules.judge(one))]
    assert len(items) > 500
    assert [headline for headline, tagged in waiting if tagged.confidence >= ACCEPT_ABOVE] == []
    assert {(tagged.tag, tagged.country) for _, tagged in waiting} == {("domestic_shift", "PE")}
    assert [headline for headline, _ in waiting] == [
        "Peru’s Congress votes to impeach President Jose Jeri in government shake-up",
        "Peru ousts interim president over corruption probe",
    ]


def test_the_benchmark_counts_what_became_of_each_report(rules: Tagger) -> None:
    rival, headline = "western_competitor_deal", "Peru selects Sweden's Gripen fighters"
    reports = [
        Told(headline=headline, tag=rival, country="PE"),
        Told(headline=headline, tag=rival, country="CL"),
        Told(headline="Russia delivers tanks to Nicaragua", tag="arms_offer", country="NI"),
        Told(headline="Russian tanks due in Nicaragua; delivery set", tag="delivery", country="NI"),
        Told(headline="A cat is rescued from a tree", tag="delivery", country="NI"),
    ]
    found = judged(rules, reports)
    outcomes = ["right", "wrong country", "wrong tag", "waits, right", "untouched"]
    assert [one.outcome for one in found] == outcomes
    whole, rivals = quality(found), quality(found, rival)
    assert (whole.reports, whole.accepted, whole.precision, whole.recall) == (5, 3, 1 / 3, 0.2)
    assert (rivals.reports, rivals.accepted, rivals.precision, rivals.recall) == (2, 2, 0.5, 0.5)
    assert quality(found, "delivery").precision == 0
    assert quality([Judged(told=reports[4], tagged=None)]).precision is None
