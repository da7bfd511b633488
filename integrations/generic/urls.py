"""The room's pages in the portal."""

from django.urls import path

from integrations.generic import views

pages = [
    path("destinations/<int:destination_id>/words/", views.word_table, name="generic_words"),
    path("destinations/<int:destination_id>/protocol/", views.protocol_page, name="generic_protocol"),
]
