from collections.abc import Callable

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from django.views import defaults
from django.views.generic import RedirectView
from rest_framework.exceptions import APIException, ParseError, PermissionDenied

from config import health
from integrations.dialect import dialect_of, error_response
from orders.urls import tracking_urlpatterns

# Log-in limits and, later, second factors are allauth's: the admin must not have a door of its own.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("health", health.live),
    path("health/ready", health.ready),
    path("", include("integrations.urls")),
    path("", RedirectView.as_view(pattern_name="orders:list"), name="home"),
    path("", include("orders.urls")),
    path("", include(tracking_urlpatterns)),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]


def _error(page: Callable[..., HttpResponse], error: Exception) -> Callable[..., HttpResponse]:
    """In a dialect an error has the dialect's shape, elsewhere it is a page."""

    def handle(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if dialect_of(request):
            return error_response(request, error)
        return page(request, exception) if exception else page(request)

    return handle


handler400 = _error(defaults.bad_request, ParseError())
handler403 = _error(defaults.permission_denied, PermissionDenied())
handler404 = _error(defaults.page_not_found, Http404())
handler500 = _error(defaults.server_error, APIException())
