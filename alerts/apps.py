from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Plugs what rules must be told from the right into their ports."""

    name = "alerts"

    def ready(self) -> None:
        """Give rules the directory of outputs, and what finds alerts."""
        # The models exist only now.
        from alerts.services import Directory, Steps  # noqa: PLC0415
        from rules.ports import ports  # noqa: PLC0415

        ports.plug_outputs(Directory())
        ports.plug_steps(Steps())
