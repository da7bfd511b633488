"""The portal's addresses, and the public ones, which stand outside of the namespace."""

from django.urls import path

from destinations.portal import switch_merchant
from orders import new, proof, tracking, views

app_name = "orders"

urlpatterns = [
    path("orders/", views.order_list, name="list"),
    path("orders/live", views.order_list_live, name="list_live"),
    path("orders/new/", new.new_order, name="new"),
    path("orders/<int:order_id>/", views.order_detail, name="detail"),
    path("orders/<int:order_id>/live", views.order_detail_live, name="detail_live"),
    path("orders/<int:order_id>/proof/<slug:name>", proof.proof_picture, name="proof_picture"),
    path("orders/<int:order_id>/<slug:action>", views.order_act, name="act"),
    path("merchant/switch", switch_merchant, name="switch_merchant"),
]

tracking_urlpatterns = [
    path("track/<str:token>", tracking.track, name="tracking"),
    path("track/<str:token>/live", tracking.track_live, name="tracking_live"),
]
