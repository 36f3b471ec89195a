from pathlib import Path

import pytest

from model.errors import ConfigurationError
from service.configuration import Configuration, load
from tests.service.configurations import VALID, Load, Refused


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    def load_text(text: str = VALID, **environ: str) -> Configuration:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ)

    return load_text


@pytest.fixture
def refused(loaded: Load) -> Refused:
    def refuse_text(text: str = VALID, **environ: str) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            loaded(text, **environ)
        assert all("\n" not in line for line in caught.value.problems)
        return list(caught.value.problems)

    return refuse_text
