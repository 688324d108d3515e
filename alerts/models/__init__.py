"""What people are told: alerts, transitions, outputs, deliveries and the feed."""

from alerts.models.alerts import (
    Alert,
    AlertQuerySet,
    AlertState,
    Severity,
    Transition,
    TransitionKind,
)
from alerts.models.feed import EntryKind, FeedEntry, FeedHead
from alerts.models.outputs import (
    Attempt,
    Delivery,
    DeliveryQuerySet,
    DeliveryStatus,
    Output,
    OutputQuerySet,
)
from alerts.models.parts import Canary, Heartbeat, Proof
from alerts.models.storms import Storm, StormQuerySet, minute_of

__all__ = [
    "Alert",
    "AlertQuerySet",
    "AlertState",
    "Attempt",
    "Canary",
    "Delivery",
    "DeliveryQuerySet",
    "DeliveryStatus",
    "EntryKind",
    "FeedEntry",
    "FeedHead",
    "Heartbeat",
    "Output",
    "OutputQuerySet",
    "Proof",
    "Severity",
    "Storm",
    "StormQuerySet",
    "Transition",
    "TransitionKind",
    "minute_of",
]
