"""Making outputs, and the directory of them that rules are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from alerts.models import Output
from alerts.outputs.base import OutputInvalid, OutputKind
from alerts.outputs.loop_back import LoopBack
from alerts.outputs.owners import Owners
from alerts.outputs.registry import UnknownKind, find_kind, find_offered
from alerts.templating import TemplateInvalid, check_template
from config.prepared import Given, Prepared
from outbound.addresses import AddressRules
from outbound.sealing import Keyring, read_key
from rules.ports import OutputChoice
from workspaces.access import Access, Need
from workspaces.refusals import FieldError, Invalid, Missing
from workspaces.services import free_slug, record_audit

_SEALED_FIELD = "output.sealed"

#: Of a workspace, by name: every message asks what its rule's outputs are called.
_living = Prepared(
    lambda: (
        Output.objects.alive()
        .filter(workspace=Given("workspace"))
        .order_by("name", "pk")
    )
)


class OutputRefused(Invalid):
    """The configuration of an output is wrong; `errors` name each place."""

    code = "output_invalid"


class OutputNotFound(Missing):
    """There is no such output in the workspace."""

    code = "output_not_found"


class Directory:
    """The outputs of a workspace, for rules to name (`rules.ports`)."""

    def choices(self, *, workspace_id: int) -> Sequence[OutputChoice]:
        """Return the workspace's outputs by name."""
        return [
            OutputChoice(slug=one.slug, name=one.name, kind=one.kind)
            for one in _living.ask(workspace=workspace_id)
        ]

    def ensure(self, *, access: Access, kind: str, address: str, now: datetime) -> str:
        """Return the slug of the output that leads there, made if there is none.

        Raises:
            OutputRefused: with the pointer of what is wrong.
        """
        config = {_offered(kind).address_field: address}
        return ensure_output(access=access, kind=kind, config=config, now=now).slug

    def problem_of(self, *, template: str) -> str:
        """Say why a subject or a message can never be rendered; blank if it can."""
        try:
            check_template(template)
        except TemplateInvalid as error:
            return str(error)
        return ""


def secret_of(output: Output) -> str:
    """Open the signing secret of an output; blank for kinds that have none."""
    if not output.sealed_secret:
        return ""
    return _keyring().open(
        output.sealed_secret,
        workspace=str(output.workspace_id),
        field_name=_SEALED_FIELD,
    )


class NoSecret(Missing):
    """Outputs of this kind sign nothing."""

    code = "no_secret"


@transaction.atomic
def show_secret(*, access: Access, output: Output, now: datetime) -> str:
    """Return what verifies an output's signatures, and note that it was shown.

    Raises:
        NoSecret: if outputs of its kind have none.
    """
    access.require(Need.MANAGE)
    secret = secret_of(output)
    if not secret:
        raise NoSecret(f"An output by {output.kind} signs nothing and has no secret.")
    record_audit(
        access=access, action="output.secret_shown", target=output.name, now=now
    )
    return secret


def address_rules() -> AddressRules:
    """Return which addresses this installation may call."""
    return AddressRules(allowed=settings.BELLWETHER_ALLOWED_NETWORKS)


@transaction.atomic
def ensure_output(
    *, access: Access, kind: str, config: Mapping[str, object], now: datetime
) -> Output:
    """Return the workspace's output of this kind and configuration, made if new.

    Apperate's rules bring their outputs along; two rules that mail the same person
    share one output, and with it its circuit and its log.

    Raises:
        OutputRefused: if the configuration is wrong.
    """
    access.require(Need.WRITE)
    clean = _checked(kind, config)
    same = Output.objects.alive().filter(workspace=access.workspace, kind=kind)
    for output in same:
        if output.config == clean:
            return output
    return _store(access=access, kind=kind, clean=clean, name="", now=now)


@transaction.atomic
def create_output(
    *,
    access: Access,
    kind: str,
    config: Mapping[str, object],
    now: datetime,
    name: str = "",
) -> Output:
    """Store a new output under a name, or under what its configuration says.

    Raises:
        OutputRefused: if the configuration is wrong.
    """
    access.require(Need.WRITE)
    return _store(
        access=access, kind=kind, clean=_checked(kind, config), name=name, now=now
    )


def make_loop_back(*, access: Access, now: datetime) -> Output:
    """Store an output that leads back into this installation; people cannot."""
    return _store(access=access, kind=LoopBack.kind, clean={}, name="", now=now)


def make_mail_to_owners(*, access: Access, now: datetime) -> Output:
    """Store an output that mails whoever owns the workspace by then."""
    return _store(access=access, kind=Owners.kind, clean={}, name="", now=now)


def _offered(kind: str) -> OutputKind:
    try:
        return find_offered(kind)
    except UnknownKind as error:
        wrong = FieldError(pointer="/kind", code="unknown_kind", detail=str(error))
        raise OutputRefused(str(error), errors=[wrong]) from error


def _checked(kind: str, config: Mapping[str, object]) -> dict[str, object]:
    try:
        return _offered(kind).validate(config, rules=address_rules())
    except OutputInvalid as error:
        errors = [
            FieldError(pointer=f"/{one.field}", code=one.code, detail=one.detail)
            for one in error.problems
        ]
        raise OutputRefused(str(error), errors=errors) from error


def _store(
    *,
    access: Access,
    kind: str,
    clean: dict[str, object],
    name: str,
    now: datetime,
) -> Output:
    called = name.strip() or find_kind(kind).describe(clean)
    secret = find_kind(kind).make_secret()
    output = Output.objects.create(
        workspace=access.workspace,
        slug=free_slug(
            name=called,
            otherwise="output",
            rows=Output.objects.alive().filter(workspace=access.workspace),
        ),
        name=called[:200],
        kind=kind,
        config=clean,
        sealed_secret=_sealed(access, secret),
        created_at=now,
    )
    record_audit(access=access, action="output.created", target=output.name, now=now)
    return output


@transaction.atomic
def delete_output(*, access: Access, output: Output, now: datetime) -> None:
    """Hide an output; its deliveries stay, and what it is still told is held back."""
    access.require(Need.WRITE)
    Output.objects.filter(pk=output.pk, deleted_at=None).update(deleted_at=now)
    record_audit(access=access, action="output.deleted", target=output.name, now=now)


def find_output(*, access: Access, slug: str) -> Output:
    """Return an output of the workspace.

    Raises:
        OutputNotFound: also for outputs of other workspaces.
    """
    output = (
        Output.objects.alive().filter(workspace=access.workspace, slug=slug).first()
    )
    if output is None:
        raise OutputNotFound(f"There is no output {slug} in this workspace.")
    return output


def _sealed(access: Access, secret: str) -> str:
    if not secret:
        return ""
    return _keyring().seal(
        secret, workspace=str(access.workspace.pk), field_name=_SEALED_FIELD
    )


def _keyring() -> Keyring:
    return Keyring([read_key(text) for text in settings.BELLWETHER_SEALING_KEYS])
