"""SIPRI's trade register: who ordered and who delivered which arms, in which year."""

from ingest.register.countries import Party
from ingest.register.reading import parse_register, read_register
from ingest.register.values import Deal, Delivery, Register, What, YearlyCounts

__all__ = ["Deal", "Delivery", "Party", "Register", "What", "YearlyCounts", "parse_register", "read_register"]
