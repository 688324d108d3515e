"""The console's pages of this app."""

from django.urls import path

from alerts.console import alerts, feed, home, mailbox, operations, setup, storms

app_name = "alerts"
_workspace = "w/<str:workspace>"
_alert = f"{_workspace}/alerts/<uuid:alert_id>"

urlpatterns = [
    path("", home.start, name="start"),
    path("setup", setup.set_up_installation, name="setup"),
    path("ops", operations.show_operations, name="operations"),
    path(
        "ops/quarantine/<int:quarantined>/replay",
        operations.replay,
        name="replay-quarantined",
    ),
    path(
        "ops/quarantine/<int:quarantined>/dismiss",
        operations.dismiss,
        name="dismiss-quarantined",
    ),
    path(_workspace, home.show_home),
    path(f"{_workspace}/", home.show_home, name="home"),
    path(
        f"{_workspace}/examples/<str:example>/on", home.turn_on, name="turn-on-example"
    ),
    path(f"{_workspace}/market/on", home.turn_on_market, name="turn-on-market"),
    path(f"{_workspace}/feed", feed.show_feed, name="feed"),
    path(
        f"{_workspace}/rules/<uuid:rule>/storms", storms.show_storms, name="rule-storms"
    ),
    path(_alert, alerts.show_alert, name="detail"),
    path(f"{_alert}/test", alerts.show_test, name="test"),
    path(f"{_alert}/acknowledge", alerts.acknowledge, name="acknowledge"),
    path(f"{_alert}/deliveries/<uuid:delivery_id>/retry", alerts.retry, name="retry"),
    path(f"{_workspace}/mailbox", mailbox.show_mailbox, name="mailbox"),
    path(f"{_workspace}/mailbox/<str:key>", mailbox.show_mail, name="mail"),
    path(
        f"{_workspace}/mailbox/<str:key>/body", mailbox.show_mail_body, name="mail-body"
    ),
]
