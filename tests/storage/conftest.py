from tests.databases import *  # noqa: F403 - pytest finds fixtures by their names
