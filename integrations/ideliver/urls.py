"""The paths, each also with a trailing slash: a redirect would lose a POST's body."""

from django.urls import re_path

from integrations.ideliver import views

urlpatterns = [
    re_path(r"^v1/auth/token/?$", views.Token.as_view()),
    re_path(r"^v1/auth/me/?$", views.Me.as_view()),
    re_path(r"^v1/orders/?$", views.Orders.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/?$", views.OneOrder.as_view()),
    re_path(r"^v1/orders/(?P<number>[^/]+)/cancel/?$", views.Cancel.as_view()),
    re_path(r"^v1/admin/orders/(?P<number>[^/]+)/cancel/?$", views.AdminCancel.as_view()),
    re_path(r"^v1/coverage/check/?$", views.Coverage.as_view()),
    re_path(r"^v1/me/dispatch/zones/?$", views.Zones.as_view()),
    re_path(r"^v1/me/outbound-webhook/?$", views.OutboundWebhook.as_view()),
    re_path(r"^v1/test/simulator/orders/?$", views.Simulator.as_view()),
    re_path(r"^health/?$", views.Health.as_view()),
    re_path(r"^health/ready/?$", views.Ready.as_view()),
]
unknown = views.Unknown.as_view()
