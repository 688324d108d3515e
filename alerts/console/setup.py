"""The first page of a new installation."""

from __future__ import annotations

from ipaddress import ip_address

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from alerts.services import begin_installation
from config.clock import utc_now
from workspaces.services import OwnerInvalid, SetupRefused, is_set_up

_FIRST_WORKSPACE = "DEMO"
_MARKET, _EMPTY = "market", "empty"


class SetupForm(forms.Form):
    """The first owner and workspace; the code only where one is asked for."""

    code = forms.CharField(
        label="Code",
        help_text="The end of the link that was printed when Bellwether started.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="At least 8 characters, and not one of the common ones.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    workspace = forms.CharField(
        label="Workspace name",
        max_length=64,
        help_text="Letters, digits and underscores; it begins the name of each fact,"
        " as in DEMO:PRICES:MSFT:price.",
        initial=_FIRST_WORKSPACE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    start = forms.ChoiceField(
        label="Start with",
        choices=[
            (_MARKET, "The demo market"),
            (_EMPTY, "An empty workspace"),
        ],
        initial=_MARKET,
        required=False,
        widget=forms.RadioSelect,
    )

    def without(self, name: str) -> SetupForm:
        """Leave a question out."""
        del self.fields[name]
        return self

    def clean_start(self) -> bool:
        """Return whether the market runs; it does unless somebody says otherwise."""
        return bool(self.cleaned_data["start"] != _EMPTY)


@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_installation(request: HttpRequest) -> HttpResponse:
    """Make the first owner, sign them in and open the console."""
    if is_set_up():
        return redirect("workspaces:login")
    form = SetupForm(
        request.POST if request.method == "POST" else None,
        initial={"code": request.GET.get("code", "")},
    )
    if is_at_the_machine(request):
        form = form.without("code")
    if not settings.BELLWETHER_SIMULATOR:
        form = form.without("start")
    if form.is_valid() and _set_up(request, form):
        return redirect("alerts:start")
    return TemplateResponse(
        request,
        "alerts/setup.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


def _set_up(request: HttpRequest, form: SetupForm) -> bool:
    said = dict(form.cleaned_data)
    with_market = said.pop("start", True)
    try:
        user = begin_installation(**said, with_market=with_market, now=utc_now())
    except OwnerInvalid as error:
        form.add_error(error.field, error.detail)
    except SetupRefused as error:
        form.add_error("code" if "code" in form.fields else None, error.detail)
    else:
        login(request, user)
        return True
    return False


def is_at_the_machine(request: HttpRequest) -> bool:
    """Say whether only somebody at this machine can be asking.

    The server listens there alone, and neither is the request from elsewhere nor for
    another name, as it would be behind a proxy on this machine.
    """
    domain, _ = split_domain_port(request.get_host())
    places = (settings.BELLWETHER_LISTEN, request.META.get("REMOTE_ADDR", ""), domain)
    return all(_is_loopback(place) for place in places)


def _is_loopback(place: str) -> bool:
    if place == "localhost":
        return True
    try:
        return ip_address(place.strip("[]")).is_loopback
    except ValueError:
        return False
