"""What all Python tests share: where the development data is, and how hard the property tests try."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("quick", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=100)
settings.register_profile("soak", deadline=None, suppress_health_check=list(HealthCheck), max_examples=5000)
settings.load_profile("soak" if os.environ.get("FINDSPOT_SOAK") else "quick")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the development data; a test that needs it skips with the reason where it is missing."""
    named = os.environ.get("FINDSPOT_DATA")  # set but empty, as the task file passes it on: there is no data
    folder = ROOT.parent / "shared" / "data" if named is None else Path(named or "/dev/null")
    if not (folder / "README.md").exists():
        pytest.skip("the development data is missing: set FINDSPOT_DATA")
    return folder.resolve()
