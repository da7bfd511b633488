"""A path for each dialect, and the default dialect at the root."""

from importlib import import_module

from django.conf import settings
from django.urls import include, path, re_path

from integrations import callbacks, connections, registry, sources, views
from integrations.generic.urls import pages as generic_pages
from integrations.ownfleet import urls as ownfleet

app_name = "integrations"

pages = [
    path("callbacks/<str:token>", callbacks.receive, name="callback"),
    path("orders/<int:order_id>/exchange/", views.order_exchange, name="order_exchange"),
    path("translate/", views.translate, name="translate"),
    path("orders/<int:order_id>/label/", views.carrier_label, name="carrier_label"),
    path("destinations/", connections.index, name="destinations"),
    path("destinations/connect/", connections.choose, name="choose_provider"),
    path("destinations/connect/<slug:provider>/", connections.connect, name="connect"),
    path("destinations/<int:destination_id>/", connections.detail, name="destination"),
    path("destinations/<int:destination_id>/edit/", connections.edit, name="edit_destination"),
    path("destinations/<int:destination_id>/check", connections.check, name="check_destination"),
    path("destinations/<int:destination_id>/switch", connections.switch, name="switch_destination"),
    path("destinations/<int:destination_id>/route", connections.route, name="route_destination"),
    path("destinations/<int:destination_id>/drift/<int:drift_id>", connections.settle, name="settle_drift"),
    path("keys/", sources.key_list, name="keys"),
    path("keys/new/", sources.issue, name="issue_key"),
    path("keys/<int:key_id>/revoke", sources.revoke, name="revoke_key"),
    path("sources/new/", sources.new_source, name="new_source"),
    path("sources/<int:source_id>/", sources.edit_source, name="source"),
    path("api/", views.reference_index, name="reference_index"),
    path("api/<slug:dialect>/", views.reference, name="reference"),
    path("api/<slug:dialect>/openapi.json", views.reference_document, name="reference_document"),
    *generic_pages,
]
dialects = []
for name in registry.DIALECTS:
    room = import_module(f"integrations.{name}.urls")
    dialects.append(path(f"{name}/", include(room.urlpatterns)))
    dialects.append(re_path(rf"^{name}(/.*)?$", room.unknown))
    pages += getattr(room, "pages", [])
default = import_module(f"integrations.{settings.DEFAULT_DIALECT}.urls")
dialects += [path("", include(default.urlpatterns)), re_path(r"^v1(/.*)?$", default.unknown)]

urlpatterns = [*dialects, *pages, *ownfleet.urlpatterns]
