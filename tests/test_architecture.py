"""The house plan, as far as a machine can check it. (Layers are import-linter's.)"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from integrations import registry
from integrations.carrier import Carrier
from integrations.dialect import DialectView

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "destinations", "orders", "invoices", "integrations")
MAX_LINES = 500
TOP_LEVEL = {
    "manage.py", "pyproject.toml", "README.md", "config", "orders", "destinations", "invoices", "integrations",
    "templates", "static", "tests", "LICENSE", "requirements.lock", "requirements-test.lock", "Dockerfile",
    "compose.yaml", "__pycache__",
}  # fmt: skip


def sources(*folders: str, pattern: str = "*.py") -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob(pattern) if "0001_" not in path.name)


def test_the_top_level_holds_what_the_plan_names() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found <= TOP_LEVEL


@pytest.mark.parametrize("room", registry.ROOMS, ids=lambda room: room.name)
def test_every_line_of_the_registry_resolves(room: registry.Room) -> None:
    package = import_module(f"integrations.{room.name}")
    assert package.__doc__, f"{room.name} does not say what it mirrors"
    assert room.dialect or room.carrier
    if room.carrier:
        assert issubclass(registry.carrier_class(room.name), Carrier)
        assert room.carrier.startswith(f"integrations.{room.name}.carrier.")


@pytest.mark.parametrize("room", registry.DIALECTS.values(), ids=lambda room: room.name)
def test_every_dialect_has_the_same_files(room: registry.Room) -> None:
    for name in ("words", "auth", "serializers", "errors", "views", "urls"):
        import_module(f"integrations.{room.name}.{name}")
    assert callable(import_module(f"integrations.{room.name}.errors").answer_error)
    urls = import_module(f"integrations.{room.name}.urls")
    assert urls.urlpatterns
    assert issubclass(urls.unknown.cls, DialectView)


def test_every_room_is_in_the_registry() -> None:
    rooms = {path.name for path in (ROOT / "integrations").iterdir() if (path / "__init__.py").exists()}
    assert rooms - {"migrations", "dispatching"} == {room.name for room in registry.ROOMS}


def test_files_are_of_a_bearable_size() -> None:
    folders = (*APPS, "tests", "templates", "static")
    paths = [path for pattern in ("*.py", "*.html", "*.css", "*.js") for path in sources(*folders, pattern=pattern)]
    too_long = {path.name: count for path in paths if (count := len(path.read_text().splitlines())) > MAX_LINES}
    assert not too_long


def test_imports_stand_at_the_top() -> None:
    """Imports inside functions hide what depends on what."""
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for path in sources(*APPS)
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not hidden


def test_only_the_registry_and_the_rooms_name_the_dialects() -> None:
    """A new dialect is a folder and a line: no `if dialect == …` elsewhere."""
    names = {room.name for room in registry.ROOMS if room.dialect}
    comparing = []
    for path in sources(*APPS):
        if path.relative_to(ROOT / "integrations").parts[0] in names if "integrations" in path.parts else False:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and any(
                isinstance(side, ast.Constant) and side.value in names for side in (node.left, *node.comparators)
            ):
                comparing.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not comparing


def test_only_the_settings_read_the_environment() -> None:
    before_django = {"settings.py", "bootstrap.py", "postgres.py", "cluster.py"}
    reading = [
        str(path.relative_to(ROOT))
        for path in sources(*APPS)
        if path.name not in before_django and ("os.environ" in path.read_text() or "getenv" in path.read_text())
    ]
    # Starting a child process with our own environment is no reading of settings.
    assert set(reading) <= {"config/wsgi.py", "config/supervisor.py", "config/management/commands/up.py"}


def test_nothing_on_a_page_is_inline() -> None:
    """The content security policy would refuse it."""
    for path in sources("templates", pattern="*.html"):
        text = path.read_text()
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert "onclick=" not in text, path
        assert "<script>" not in text, path


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, before + str(pattern.pattern))
        else:
            yield before + str(pattern.pattern), pattern


PUBLIC = ("health", "track/", "ride/", "callbacks/", "accounts/", "i18n/", "admin/")
FILLED_IN = {
    "action": "cancel",
    "dialect": "muvx",
    "provider": "simulator",
    "name": "photo",
}


def test_no_page_of_the_portal_is_open_to_strangers(client: Client, db: None) -> None:
    """Generated from the list of addresses, so that a new page cannot be forgotten."""
    seen = 0
    for address, pattern in addresses(get_resolver().url_patterns):
        if address.startswith((*PUBLIC, "^", *(f"{name}/" for name in registry.DIALECTS))) or "(?P" in address:
            continue
        path = "/" + re.sub(r"<int:\w+>", "1", address)
        for name, value in FILLED_IN.items():
            path = path.replace(f"<slug:{name}>", value)
        assert "<" not in path, f"teach this test to fill in {path}"
        for response in (client.get(path), client.post(path)):
            assert response.status_code in (302, 405), (path, response.status_code)
            if response.status_code == 302 and pattern.name != "home":
                assert response["Location"].startswith("/accounts/login/"), path
        seen += 1
    assert seen >= 6
