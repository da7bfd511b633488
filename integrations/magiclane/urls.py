"""The paths, each also with a trailing slash: a redirect would lose a POST's body."""

from django.urls import re_path

from integrations.magiclane import views
from integrations.magiclane.places import CUSTOMERS, DEPOTS

urlpatterns = [
    re_path(r"^v1/orders/?$", views.Orders.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/?$", views.OneOrder.as_view()),
    *(
        pattern
        for path, resource in (("customers", CUSTOMERS), ("misc-locations", DEPOTS))
        for pattern in (
            re_path(rf"^v1/{path}/?$", views.Places.as_view(resource=resource)),
            re_path(rf"^v1/{path}/(?P<number>[^/]+)/?$", views.OnePlace.as_view(resource=resource)),
        )
    ),
]
unknown = views.Unknown.as_view()
