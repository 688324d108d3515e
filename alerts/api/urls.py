"""The native endpoints of alerts, below a workspace's path."""

from django.urls import path

from alerts.api.alerts import (
    AcknowledgeView,
    AlertsView,
    AlertView,
    FeedView,
    RuleTestView,
)
from alerts.api.outputs import (
    DeliveriesView,
    DeliveryView,
    OutputSecretView,
    OutputsView,
    OutputView,
    RetryView,
)

urlpatterns = [
    path("alerts", AlertsView.as_view()),
    path("alerts/<uuid:alert>", AlertView.as_view()),
    path("alerts/<uuid:alert>/test", RuleTestView.as_view()),
    path("alerts/<uuid:alert>/acknowledge", AcknowledgeView.as_view()),
    path("feed", FeedView.as_view()),
    path("outputs", OutputsView.as_view()),
    path("outputs/<str:output>", OutputView.as_view()),
    path("outputs/<str:output>/secret", OutputSecretView.as_view()),
    path("deliveries", DeliveriesView.as_view()),
    path("deliveries/<uuid:delivery>", DeliveryView.as_view()),
    path("deliveries/<uuid:delivery>/retry", RetryView.as_view()),
]
