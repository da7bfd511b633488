"""The paths, each also with a trailing slash: a redirect would lose a POST's body."""

from django.urls import re_path

from integrations.fuuffy import views

urlpatterns = [
    re_path(r"^v1/auth/token/?$", views.Token.as_view()),
    re_path(r"^v1/orders/?$", views.Orders.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/?$", views.OneOrder.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/cancel/?$", views.Cancel.as_view()),
]
unknown = views.Unknown.as_view()
