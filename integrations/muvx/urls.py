"""The documented paths, each also with a trailing slash: a redirect would lose a POST's body."""

from django.urls import re_path

from integrations.muvx import views

urlpatterns = [
    re_path(r"^v1/orders/?$", views.Orders.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/cancel/?$", views.Cancel.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/status/?$", views.Status.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/pickup/?$", views.Pickup.as_view()),
    re_path(r"^v1/destinations/?$", views.Destinations.as_view()),
]
unknown = views.Unknown.as_view()
