"""The built-in mailbox: mail that was kept instead of sent."""

from __future__ import annotations

from csp.decorators import csp_exempt
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from alerts.outputs.mailbox import MailNotFound, StoredMail, list_mails, read_mail
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace

#: Mails that the list shows, of the thousand that are kept.
LISTED = 100
#: A mail may style itself and do nothing else, wherever it is opened.
_HARMLESS = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " frame-ancestors 'self'"
)


@require_safe
@in_workspace(Need.INSPECT)
def show_mailbox(request: HttpRequest, access: Access) -> HttpResponse:
    """List the newest mails."""
    mails = list_mails(workspace=access.workspace.slug, limit=LISTED)
    return TemplateResponse(
        request,
        "alerts/mailbox.html",
        {
            "title": "Mailbox",
            "mails": mails,
            "most": LISTED,
            "is_simulated": any(mail.is_simulated for mail in mails),
        },
    )


@require_safe
@in_workspace(Need.INSPECT)
def show_mail(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    """Show one mail as its reader would see it, as text, and with its headers."""
    slug = access.workspace.slug
    mail = _find_mail(access, key)
    return TemplateResponse(
        request,
        "alerts/mail_kept.html",
        {
            "title": mail.subject or "(no subject)",
            "crumbs": [("Mailbox", reverse("alerts:mailbox", args=[slug]))],
            "mail": mail,
            "is_simulated": mail.is_simulated,
        },
    )


@require_safe
@csp_exempt()
@xframe_options_sameorigin
@in_workspace(Need.INSPECT)
def show_mail_body(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    """Serve a mail's own page: it runs no script and has no origin."""
    mail = _find_mail(access, key)
    return HttpResponse(mail.html, headers={"Content-Security-Policy": _HARMLESS})


def _find_mail(access: Access, key: str) -> StoredMail:
    try:
        return read_mail(workspace=access.workspace.slug, key=key)
    except MailNotFound as error:
        raise Http404(str(error)) from error
