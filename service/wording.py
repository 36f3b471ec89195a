"""Items of evidence in an analyst's words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel import Locale

from model.attribution import Cause
from model.domain import REGION, Event, Forecast, Indicator
from model.evidence import Evidence, IndicatorEvidence

_MONTH = 365.25 / 12  # days
_INITIALS = frozenset({"eu", "nato", "uav", "uk", "un", "us"})
_LEAST = 0.005  # bits that are said to be none


def country(code: str) -> str:
    """Name a country, in English; a code that has no name stands for itself."""
    if code == REGION:
        return "the region"
    return str(Locale("en").territories.get(code, code))


def kind_of_event(indicator: Indicator) -> str:
    """Say what an indicator counts, such as "contract signed in Bolivia or Peru"."""
    what = _either(map(tag_in_words, indicator.tags))
    return f"{what} in {_either(map(country, indicator.countries))}" if indicator.countries else what


def tag_in_words(tag: str) -> str:
    """Write a tag as words, such as "US pushback"."""
    return " ".join(word.upper() if word in _INITIALS else word for word in tag.split("_"))


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def duration(first: date, last: date) -> str:
    """Say how long it was, in days, months or years, whichever reads best."""
    days = (last - first).days
    if days < 2 * _MONTH:
        return f"{days} day{'' if days == 1 else 's'}"
    months = round(days / _MONTH)
    return f"{months} months" if months < 24 else f"{months / 12:.1f} years"


def strongest(bits: Mapping[str, float | None], forecast: Forecast) -> str:
    """Say which scenario was moved the most, such as "1.3 bits against Base"."""
    known = {name: number for name, number in bits.items() if number is not None}
    if not known or max(map(abs, known.values())) < _LEAST:
        return "no bits either way"
    name = max(known, key=lambda one: abs(known[one]))
    size = abs(known[name])
    direction = "for" if known[name] > 0 else "against"
    return f"{size:.{1 if size >= 0.95 else 2}f} bits {direction} {title(forecast, name)}"


def title(forecast: Forecast, scenario: str) -> str:
    """Give a scenario's title, or its id where it has none or is not the forecast's any more."""
    titles = {one.id: one.title for one in forecast.scenarios}
    return titles.get(scenario) or scenario


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """Says causes in words; `before` is the evidence that the way began with, None for the prior."""

    before: Evidence | None
    after: Evidence

    def sentence(self, cause: Cause) -> str:
        """Say what an item is, without what it did."""
        match cause.kind:
            case "event" | "removed" | "regraded":
                return self._event(cause)
            case "silence":
                return self._silence(self._seen(cause))
            case "one-off":
                return self._one_off(self._seen(cause))
            case _:
                about = {
                    "scenario": title(self.after.forecast, cause.scenario or ""),
                    "because": cause.because,
                    "end": self.after.observed_until,
                    "indicator": cause.indicator,
                }
                return _SAYS[cause.kind].format(**about)

    def _seen(self, cause: Cause) -> IndicatorEvidence:
        return next(one for one in self.after.indicators if one.indicator.id == cause.indicator)

    def _event(self, cause: Cause) -> str:
        was, now = _find(self.before, cause.event), _find(self.after, cause.event)
        found = now or was
        if found is None:
            return str(cause.event)
        where = _either(map(country, found.countries))
        what = f"{found.headline or found.key} ({tag_in_words(found.tag)}, {where}, {found.occurred}"
        if cause.kind == "regraded" and was and now:
            return f"{what}, credibility {was.credibility:.2f} before and {now.credibility:.2f} now)"
        counted = "; it does not count any more" if cause.kind == "removed" else ""
        return f"{what}, credibility {found.credibility:.2f}){counted}"

    def _silence(self, seen: IndicatorEvidence) -> str:
        first = self.before.observed_until if self.before else self.after.forecast.opened
        if self.before and first >= self.after.observed_until:
            return f"{kind_of_event(seen.indicator)}: silence counts otherwise, as its occasions changed"
        within = duration(first, self.after.observed_until)
        number = sum(event.occurred > first or not self.before for event in seen.counted)
        if number == 0:
            return f"no {kind_of_event(seen.indicator)} in {within}"
        return f"{number} × {kind_of_event(seen.indicator)} and no more in {within}"

    def _one_off(self, seen: IndicatorEvidence) -> str:
        if not seen.counted:
            return f"no {kind_of_event(seen.indicator)} by {self.after.observed_until}"
        best = max(seen.counted, key=lambda event: event.credibility)
        return f"{kind_of_event(seen.indicator)}: {best.headline or best.key} ({_said(best, seen.counted)})"


_SAYS = {
    "impossible": "{scenario} is impossible: {because}",
    "possible": "{scenario} is possible again",
    "observation": "observation now ends on {end}",
    "elicitation": "the analysts' numbers for {indicator} changed",
    "priors": "the analysts' prior probabilities changed",
    "settings": "the forecast's window or settings changed",
    "scenarios": "the forecast's scenarios changed",
}


def _said(best: Event, candidates: Sequence[Event]) -> str:
    more = f", the most credible of {len(candidates)} candidates" if len(candidates) > 1 else ""
    return f"{best.occurred}, credibility {best.credibility:.2f}{more}"


def _find(evidence: Evidence | None, key: str | None) -> Event | None:
    if evidence is None:
        return None
    known = (*evidence.events, *(one.event for one in evidence.uncounted))
    return next((event for event in known if event.key == key), None)
