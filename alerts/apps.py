from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Plugs what rules must be told from the right into their ports."""

    name = "alerts"

    def ready(self) -> None:
        """Give rules the directory of outputs, once the models exist."""
        from alerts.services import Directory  # noqa: PLC0415 - models exist only now
        from rules.ports import ports  # noqa: PLC0415

        ports.plug_outputs(Directory())
