from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as _apps

# allauth insists on its middleware, and the floor has none.
INSTALLED_APPS = [app for app in _apps if not app.startswith("allauth")]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "tests.bench.floor"
