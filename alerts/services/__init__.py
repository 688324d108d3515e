"""The door to alerts: recording, feeding, acknowledging, delivering."""

from alerts.services.acknowledging import (
    AlertNotFound,
    AlreadyAcknowledged,
    acknowledge_alert,
    find_alert,
)
from alerts.services.apperate import logged_alerts, save_apperate_rule
from alerts.services.browsing import Cursor, FeedFilter, FeedRows, Show, browse_feed
from alerts.services.canary import (
    CanaryReport,
    forget_canaries,
    read_canary,
    seed_canary,
    send_canary,
)
from alerts.services.case_making import make_rule_test
from alerts.services.delivering import message_of, send_due
from alerts.services.doctoring import Finding, Verdict, examine
from alerts.services.examples import (
    Card,
    ExampleNotFound,
    example_cards,
    turn_on_example,
)
from alerts.services.explaining import AlertPage, explain_alert
from alerts.services.feed import head_of, number_entries
from alerts.services.frames import alert_facts, frame_of
from alerts.services.health import (
    ONLY_WORKER,
    SILENCE_ALLOWED,
    Readiness,
    drain_queues,
    note_heartbeat,
    part_of_worker,
    readiness,
    silent_parts,
    worker_names,
)
from alerts.services.home import Home, Numbers, Quiet, read_home, read_quiet
from alerts.services.listing import list_alerts, list_deliveries, list_outputs
from alerts.services.measuring import Stored, count_round
from alerts.services.operations import (
    Operations,
    PartState,
    QuarantinedNotFound,
    dismiss_for_staff,
    read_operations,
    replay_for_staff,
)
from alerts.services.outputs import (
    Directory,
    OutputNotFound,
    OutputRefused,
    create_output,
    delete_output,
    ensure_output,
    find_output,
    secret_of,
    show_secret,
)
from alerts.services.reading import FeedPage, read_feed
from alerts.services.recording import enter_round, gather_alerts, record_transitions
from alerts.services.replaying import Difference, ReplayReport, Step, check_replay
from alerts.services.retrying import (
    DeliveryNotFound,
    NothingToRetry,
    find_delivery,
    retry_delivery,
)
from alerts.services.seeding import (
    begin_installation,
    may_start_market,
    seed_installation,
    start_market,
)
from alerts.services.sending import Senders, senders
from alerts.services.steps import Steps
from alerts.services.storms import show_output, storms_of
from alerts.services.tracing import trace_round
from alerts.services.troubles import report_troubles

__all__ = [
    "ONLY_WORKER",
    "SILENCE_ALLOWED",
    "AlertNotFound",
    "AlertPage",
    "AlreadyAcknowledged",
    "CanaryReport",
    "Card",
    "Cursor",
    "DeliveryNotFound",
    "Difference",
    "Directory",
    "ExampleNotFound",
    "FeedFilter",
    "FeedPage",
    "FeedRows",
    "Finding",
    "Home",
    "NothingToRetry",
    "Numbers",
    "Operations",
    "OutputNotFound",
    "OutputRefused",
    "PartState",
    "QuarantinedNotFound",
    "Quiet",
    "Readiness",
    "ReplayReport",
    "Senders",
    "Show",
    "Step",
    "Steps",
    "Stored",
    "Verdict",
    "acknowledge_alert",
    "alert_facts",
    "begin_installation",
    "browse_feed",
    "check_replay",
    "count_round",
    "create_output",
    "delete_output",
    "dismiss_for_staff",
    "drain_queues",
    "ensure_output",
    "enter_round",
    "examine",
    "example_cards",
    "explain_alert",
    "find_alert",
    "find_delivery",
    "find_output",
    "forget_canaries",
    "frame_of",
    "gather_alerts",
    "head_of",
    "list_alerts",
    "list_deliveries",
    "list_outputs",
    "logged_alerts",
    "make_rule_test",
    "may_start_market",
    "message_of",
    "note_heartbeat",
    "number_entries",
    "part_of_worker",
    "read_canary",
    "read_feed",
    "read_home",
    "read_operations",
    "read_quiet",
    "readiness",
    "record_transitions",
    "replay_for_staff",
    "report_troubles",
    "retry_delivery",
    "save_apperate_rule",
    "secret_of",
    "seed_canary",
    "seed_installation",
    "send_canary",
    "send_due",
    "senders",
    "show_output",
    "show_secret",
    "silent_parts",
    "start_market",
    "storms_of",
    "trace_round",
    "turn_on_example",
    "worker_names",
]
