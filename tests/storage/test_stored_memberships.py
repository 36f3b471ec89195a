"""Who or what decided where reports belong."""

from storage.database import Database
from storage.events import Membership, join_events
from storage.memberships import Placement, members, memberships, placements
from storage.reports import file_reports, retract_report
from tests.storage.samples import moment, report

CLOSE = Membership(
    report_id="a", event_key="e1", why="told like b", score=71.0, runner_up="e0", runner_up_score=39.0
)
ALIKE = Membership(report_id="b", event_key="e1", why="no open event")
MOVED = Membership(report_id="a", event_key="e2", why="another deal", author="ana")


def store(database: Database) -> None:
    with database.session() as session:
        file_reports(session, [report("a"), report("b")], at=moment(1), origin="feed")
        join_events(session, [CLOSE, ALIKE], at=moment(1))
        join_events(session, [MOVED], at=moment(3))
        retract_report(session, "b", at=moment(4), author="ana", why="a hoax")


def test_the_decision_in_force_is_the_newest_that_was_known(database: Database) -> None:
    store(database)
    with database.reading() as session:
        assert memberships(session, ["a", "b", "none"]) == {"a": MOVED, "b": ALIKE}
        assert memberships(session, ["a"], known_at=moment(2)) == {"a": CLOSE}
        assert memberships(session, []) == {}


def test_every_decision_about_a_report_is_kept(database: Database) -> None:
    store(database)
    first = Placement(membership=CLOSE, decided_at=moment(1))
    with database.reading() as session:
        assert placements(session, "a") == [first, Placement(membership=MOVED, decided_at=moment(3))]
        assert placements(session, "a", known_at=moment(2)) == [first]
        assert placements(session, "none") == []


def test_the_members_of_an_event_are_those_that_belong_to_it_retracted_or_not(database: Database) -> None:
    store(database)
    with database.reading() as session:
        assert members(session, "e1") == ["b"]
        assert members(session, "e1", known_at=moment(2)) == ["a", "b"]
        assert members(session, "e2") == ["a"]
        assert members(session, "e3") == []
