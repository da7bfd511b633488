"""A path for each dialect, and the default dialect at the root."""

from importlib import import_module

from django.conf import settings
from django.urls import include, path, re_path

from integrations import callbacks, registry, views
from integrations.ownfleet import urls as ownfleet

app_name = "integrations"

pages = [
    path("callbacks/<str:token>", callbacks.receive, name="callback"),
    path("orders/<int:order_id>/exchange/", views.order_exchange, name="order_exchange"),
    path("api/", views.reference_index, name="reference_index"),
    path("api/<slug:dialect>/", views.reference, name="reference"),
    path("api/<slug:dialect>/openapi.json", views.reference_document, name="reference_document"),
]
dialects = []
for name in registry.DIALECTS:
    room = import_module(f"integrations.{name}.urls")
    dialects.append(path(f"{name}/", include(room.urlpatterns)))
    dialects.append(re_path(rf"^{name}(/.*)?$", room.unknown))
default = import_module(f"integrations.{settings.DEFAULT_DIALECT}.urls")
dialects += [path("", include(default.urlpatterns)), re_path(r"^v1(/.*)?$", default.unknown)]

urlpatterns = [*dialects, *pages, *ownfleet.urlpatterns]
