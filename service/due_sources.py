"""Which sources are due to be polled."""

from service.composition import Service
from storage.polls import standings


def due_sources(service: Service) -> list[str]:
    """List the sources whose last poll, good or bad, is as long ago as they say, in their order."""
    sources, now = service.configuration.sources, service.clock()
    if not sources:
        return []
    with service.database.reading() as session:
        found = standings(session, [one.id for one in sources])
    return [
        one.id
        for one in sources
        if (at := found[one.id].polled_at) is None or at > now or now - at >= one.every
    ]
