"""Every setting, and the only module that reads the environment.

`config/bootstrap.py` runs before Django: it starts the embedded PostgreSQL when there is no DATABASE_URL and then
sets one, so that here there is a single way to find the database.
"""

import ipaddress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config.secrets import read_or_make_secret
from integrations.registry import DIALECTS

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("WASL_DATA_DIR", default=str(BASE_DIR / ".data"))).expanduser().resolve()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_make_secret(DATA_DIR / "secrets" / "django")
# Former keys: what was signed or encrypted with them can still be read.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# --- Where we are reached -------------------------------------------------------------------------------------------
PORT = env.int("PORT", default=8000)
WASL_URL = env.str("WASL_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
_url = urlsplit(WASL_URL)
if _url.scheme not in ("http", "https") or not _url.hostname:
    raise ImproperlyConfigured(f"WASL_URL must look like https://orders.example.com, not {WASL_URL!r}.")
SECURE = _url.scheme == "https"


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".localhost", ".test"))


WASL_HOST, WASL_HOST_IS_PRIVATE = _url.hostname, _is_private(_url.hostname)
ALLOWED_HOSTS = [_url.hostname, *env.list("WASL_EXTRA_HOSTS", default=[])]
if WASL_HOST_IS_PRIVATE:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_url.scheme}://{_url.netloc}"]

DEFAULT_DIALECT = env.str("DEFAULT_DIALECT", default="muvx")
if DEFAULT_DIALECT not in DIALECTS:
    raise ImproperlyConfigured(f"DEFAULT_DIALECT must be one of {', '.join(DIALECTS)}, not {DEFAULT_DIALECT!r}.")
# Host names that belong to one dialect each, whose paths then need no prefix: api.example.com=muvx,…
_hosts = [pair.partition("=") for pair in env.list("DIALECT_HOSTS", default=[])]
DIALECT_HOSTS = {host.strip().lower(): name.strip() for host, _sign, name in _hosts}
if unknown := set(DIALECT_HOSTS.values()) - set(DIALECTS):
    raise ImproperlyConfigured(
        f"DIALECT_HOSTS must look like api.example.com={'|'.join(DIALECTS)}, not …={', '.join(sorted(unknown))}."
    )
ALLOWED_HOSTS += DIALECT_HOSTS

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^health(/|$)"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SILENCED_SYSTEM_CHECKS = ["security.W001"]  # `TransportMiddleware` is Django's, and the check knows it by name only
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- The parts ------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "procrastinate.contrib.django",
    "config",
    "destinations",
    "orders",
    "invoices",
    "integrations",
]

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "config.middleware.TransportMiddleware",
    "config.middleware.DialectLaneMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.AdminPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "destinations.portal.merchant_context",
                "integrations.connections.nav_context",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------------
# The default only serves tools that import the settings without a database (type checker, linters).
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgresql:///wasl")}
# A pool for each process: a thread that waits for a carrier needs no connection meanwhile. 0: one for each thread.
DB_POOL = env.int("WASL_DB_POOL", default=3)
DATABASES["default"] |= {
    "CONN_MAX_AGE": 0 if DB_POOL else None,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **DATABASES["default"].get("OPTIONS", {}),
        "server_side_binding": True,
        "prepare_threshold": 2,
        **({"pool": {"min_size": 1, "max_size": DB_POOL, "max_idle": 30, "timeout": 15}} if DB_POOL else {}),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Log-in limits must be shared by all processes, hence a cache in the database unless there is a better one.
CACHES = {"default": env.cache_url("CACHE_URL", default="dbcache://wasl_cache")}

# --- Processes that `up` runs ---------------------------------------------------------------------------------------
BIND = env.str("WASL_BIND", default="127.0.0.1")
WEB_CONCURRENCY = env.int("WEB_CONCURRENCY", default=2)
DEMO = env.bool("WASL_DEMO", default=True)  # whether an empty database is filled with the demo

# Jobs at a time; they wait for carriers most of the time.
WORKER_CONCURRENCY = env.int("WASL_WORKER_CONCURRENCY", default=20)
# Calls at a time to one carrier, of all workers together: one that hangs must not keep the others waiting.
LANE_PLACES = env.int("WASL_LANE_PLACES", default=max(WORKER_CONCURRENCY // 4, 1))

# --- People ---------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_ADAPTER = "destinations.portal.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE else 0
SESSION_ENGINE = (
    "django.contrib.sessions.backends.cached_db"
    if "CACHE_URL" in env.ENVIRON
    else ("django.contrib.sessions.backends.db")
)
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
globals().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"Wasl <no-reply@{_url.hostname}>")

# --- Languages and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ---------------------------------------------------------------------------------------------------
# Collected under the data folder: two installations can run from one checkout.
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# Swagger's files come out of their package without it being an app, which would bring more than we serve.
_sidecar = next(iter(find_spec("drf_spectacular_sidecar").submodule_search_locations))  # type: ignore[union-attr,arg-type]
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("swagger-ui", Path(_sidecar, "static", "drf_spectacular_sidecar", "swagger-ui-dist")),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "media"

# --- Content security policy ----------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        # The API reference tries calls out where the dialects answer.
        "connect-src": [
            SELF,
            *(f"{_url.scheme}://{host}{f':{_url.port}' if _url.port else ''}" for host in DIALECT_HOSTS),
        ],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# The admin theme evaluates Alpine expressions and writes style attributes; `config.middleware` uses this on its pages
# only. Inline scripts are not needed there either.
ADMIN_CONTENT_SECURITY_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": [SELF, "'unsafe-eval'"],
    "style-src": [SELF, "'unsafe-inline'"],
}

# --- API ------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # Each dialect sets its own; nothing is answered by an API without having chosen its authentication.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "UNAUTHENTICATED_USER": None,
}
API_MAX_BODY = 1_000_000  # bytes; a larger request is answered 413 in its dialect's words
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
# How long a process may go on using a key it has looked up: a revoked key stops working after this many seconds.
API_KEY_CACHE_SECONDS = 1
# Calls a minute, for each key or, without a valid one, each address. The document's number.
FUUFFY_RATE_LIMIT = env.int("FUUFFY_RATE_LIMIT", default=100)
# Calls in 30 seconds, for each person or key or, without a valid one, each address. The document's number.
MODON_RATE_LIMIT = env.int("MODON_RATE_LIMIT", default=60)
# iDeliver's document names these two: a cancel only before the parcel is picked up, and where its public tracking pages
# are (without it, no tracking address is given).
ADMIN_ORDER_CANCEL_PRE_PICKUP_ONLY = env.bool("ADMIN_ORDER_CANCEL_PRE_PICKUP_ONLY", default=False)
TRACKING_PUBLIC_BASE_URL = env.str("TRACKING_PUBLIC_BASE_URL", default="").rstrip("/")
TRUST_FORWARDED_FOR = SECURE  # there is a proxy then, which sets it

# --- Calling out ----------------------------------------------------------------------------------------------------
ALLOW_LOOPBACK = env.bool("WASL_ALLOW_LOOPBACK", default=False)
# A server of the Open Source Routing Machine, for travel times: http://127.0.0.1:5000
ROUTING_URL = env.str("ROUTING_URL", default="").rstrip("/")

# --- Keeping and forgetting ------------------------------------------------------------------------------------------
EXCHANGE_LOG_DAYS = env.int("WASL_EXCHANGE_LOG_DAYS", default=30)

# --- Logs -----------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "fontTools": {"level": "ERROR"},
        "fpdf": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
    },
}

# --- The staff's back office ------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Wasl",
    "SITE_HEADER": "Wasl",
    "SITE_SYMBOL": "local_shipping",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/logo.svg")}],
    "STYLES": [lambda request: static("css/admin.css")],
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": "config.admin.dashboard",
    "SIDEBAR": {"navigation": "config.admin.sidebar"},
    "COLORS": {
        "primary": {
            "50": "#eefaf6", "100": "#d5f2e8", "200": "#aee4d3", "300": "#83e0cb", "400": "#5ecdb5", "500": "#2aa58c",
            "600": "#0f6b5c", "700": "#0d5f52", "800": "#0a5548", "900": "#08443a", "950": "#062b25",
        },
    },
}  # fmt: skip
