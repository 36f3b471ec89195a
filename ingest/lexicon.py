"""Words that headlines have in common: what says nothing by itself, and what stands for numbers and days.

In English, Spanish and Portuguese; all without accents and capitals.
"""

# ruff: noqa: SIM905 - quotation marks around each word would hide the lists

STOP = frozenset(
    """
    a about after all also amid an and any are as at be been before being both but by can could did do does
    down during each for from get gets got had has have he her here his how i if in into is it its it's just
    may might more most my near new of off on once one only or other our out over own per said say says she
    should since so some such than that the their them then there these they this those through to too under
    until up upon us very via was we were what when where which while who whom why will with would yet you
    al ante como con contra cual cuando de del desde donde e el ella en entre era es esa ese eso esta este
    esto fue ha hacia han hasta la las le les lo los mas me mi muy ni nos o para pero por porque que se ser si
    sin sobre son su sus tambien tras tu un una uno y ya dice dijo segun
    ao aos as ate com da das do dos ele em essa esse esta foi isso mas na nas no nos num numa os ou pela pelo
    pelos pra quando sao sem ser seu sua tem um uma
    reuters tass efe afp ap ria novosti xinhua dpa interfax sputnik ansa upi bloomberg update breaking
    exclusive report reports reported reportedly according source sources official officials media press news
    mr mrs dr
    """.split()
) - {"no"}
NUMBERS: dict[str, float] = {
    word: value
    for language in (
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty""",
        """cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis
        diecisiete dieciocho diecinueve veinte""",
        """zero um dois tres quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis
        dezessete dezoito dezenove vinte""",
        "nol odin dva tri chetyre piat shest sem vosem deviat desiat",
    )
    for value, word in enumerate(language.split())
    if value > 1 and word not in {"dos", "once", "sem"}  # other words in Portuguese and English
}
NUMBERS |= {
    "pair": 2,
    "couple": 2,
    "dozen": 12,
    "docena": 12,
    "duas": 2,
    "both": 2,
    "thirty": 30,
    "forty": 40,
}
NUMBERS |= {"fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}
ORDINALS = {
    word: value
    for value, words in enumerate(
        (
            "first primer primera primeiro",
            "second segundo segunda",
            "third tercer tercera terceiro",
            "fourth",
        ),
        1,
    )
    for word in words.split()
}
SCALES = {
    "thousand": 1e3,
    "mil": 1e3,
    "k": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "m": 1e6,
    "mn": 1e6,
    "mln": 1e6,
}
SCALES |= {
    "dozen": 12,
    "docenas": 12,
    "duzias": 12,
    "millones": 1e6,
    "milhoes": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "bln": 1e9,
    "trillion": 1e12,
}
MONEY = frozenset("$ € £ usd dollar dollars dolares euro euros rubles roubles reais soles pesos".split())
UNITS = {
    form: forms[0]
    for forms in (
        ("mm",),
        ("km", "kilometre", "kilometres", "kilometer", "kilometers", "kilometros"),
        ("m", "metre", "metres", "meter", "meters", "metros"),
        ("t", "tonne", "tonnes", "ton", "tons", "toneladas"),
        ("%", "percent", "per", "pct"),
        ("h", "hour", "hours", "horas"),
        ("d", "day", "days", "dias"),
        ("w", "week", "weeks", "semanas"),
        ("mo", "month", "months", "meses"),
        ("y", "year", "years", "yearly", "anos"),
    )
    for form in forms
}
MONTHS = {
    word: month
    for language in (
        "january february march april may june july august september october november december",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for month, word in enumerate(language.split(), 1)
}
MONTHS["marco"] = 3
WEEKDAYS = {
    word: day
    for language in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "lunes martes miercoles jueves viernes sabado domingo",
    )
    for day, word in enumerate(language.split())
}
LOCATIVES = frozenset(
    "in at near off outside around from to toward towards through en em no na cerca desde".split()
)
ENDS_NOUN = LOCATIVES | frozenset(
    "for with of by on under over above across against after before during despite amid as worth"
    " de del a para por con com and y e o or who which that".split()
)
STEPS = tuple(
    tuple(words.split())
    for words in (
        "offer propos pitch ofrec oferec mull consider weigh negot discuss draft prepar talks planned",
        "sign ink conclud seal firma assin",
        "ratif approv endors aprueb ratific aprob grant clear",
        "delay postpon defer retras aplaz adia suspen halt freez froze paus stop",
        "resum restart reviv reanud retom",
        "cancel scrap terminat abandon withdr revok denounc anul reject refus declin rechaz recus",
        """deliver receiv arriv hand ship recib entreg lleg open inaugur launch start begin began inici
        complet finish""",
    )
)
ALIKE = tuple(
    tuple(words.split())
    for words in """
    agreement accord pact treaty deal memorandum convention contract acuerdo convenio tratado acordo
    aircraft plane aeroplane airplane airlifter avion aeronave
    ammunition cartridge rounds munition municion
    announce disclose reveal declare anuncia
    approve endorse ratify back adopt aprueba
    arrive land reach come llega
    base barracks garrison
    blame accuse fault
    build construct construye
    buy purchase acquire procure compra
    cancel scrap drop abandon abort cancela
    centre center facility site
    chief head commander boss jefe
    claim assert allege insist
    collaboration cooperation partnership colaboracion cooperacion
    complete finish conclude completa
    crash accident mishap
    credit loan financing credito prestamo
    criticise criticize condemn denounce slam blast
    deliver delivery handover supply shipment consignment cargo freight entrega
    delay postpone defer hold-up setback aplaza retrasa
    deny reject dismiss refute niega
    drill exercise manoeuvre maneuver wargame ejercicio maniobra
    drone uav unmanned
    envoy ambassador emissary embajador
    factory plant works mill fabrica planta
    fair show exhibition expo salon feria
    fighter warplane caza
    fund finance money
    gear equipment kit hardware material equipo
    grounded idle
    gun cannon
    helicopter chopper rotorcraft gunship helicoptero
    inaugurate open launch inaugura abre
    injure wound hurt
    instructor trainer adviser advisor
    jet jets
    kill dead
    lawmaker legislator deputy parliamentarian congressman
    maintenance repair overhaul upkeep servicing mantenimiento reparacion
    meet receive reune
    meeting talks negotiation discussion conversation reunion
    missile rocket misil cohete
    navy naval armada
    offer propose pitch proposal ofrece
    parliament congress legislature assembly congreso
    payment pay pago
    pilot crew
    plan project programme program scheme proyecto plan
    port harbour harbor dock puerto
    president presidente
    pressure urge press
    protest demonstration march
    purchase acquisition
    radar radares
    restart resume revive reanuda
    retire withdraw phase
    rifle kalashnikov fusil
    sanction penalise penalize blacklist designate restriction embargo sancion
    seize impound confiscate incauta
    ship vessel warship boat frigate corvette buque barco
    shut close closure
    sign ink firma
    soldier troops serviceman servicemen personnel soldado tropas
    stage phase tranche etapa fase
    strike walkout stoppage huelga paro
    suspend halt freeze stop suspende
    tank tanque
    test trial
    training instruction course
    visit trip tour stay visita
    warn caution advierte
    weapon arms armas
    worker employee staff labourer trabajador
    """.strip().splitlines()
)
