"""The riders' pages behind their links, and the office's pages about riders."""

from django.urls import path

from integrations.ownfleet import portal, views

urlpatterns = [
    # Before the links: no token is spelled like a file.
    path("ride/worker.js", views.worker, name="ride_worker"),
    path("ride/<str:token>/", views.ride, name="ride"),
    path("ride/<str:token>/manifest.webmanifest", views.manifest, name="ride_manifest"),
    path("ride/<str:token>/place", views.place, name="ride_place"),
    path("ride/<str:token>/tasks/<int:task_id>", views.step, name="ride_step"),
    path("riders/", portal.rider_list, name="riders"),
    path("riders/waiting", portal.waiting, name="riders_waiting"),
    path("riders/new", portal.rider_new, name="rider_new"),
    path("riders/<int:rider_id>/", portal.rider_edit, name="rider_edit"),
    path("riders/<int:rider_id>/link", portal.link_issue, name="rider_link"),
    path("riders/<int:rider_id>/links/<int:link_id>/revoke", portal.link_revoke, name="rider_link_revoke"),
    path("orders/<int:order_id>/rider/", portal.order_rider, name="order_rider"),
]
