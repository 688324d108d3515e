"""Signing in and out, and the door to a workspace's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from workspaces.access import Access, Need, open_for_user
from workspaces.models import User
from workspaces.refusals import Forbidden, Missing
from workspaces.services import is_set_up

Parameters = ParamSpec("Parameters")
Page = Callable[Concatenate[HttpRequest, Access, Parameters], HttpResponse]


class SignInForm(AuthenticationForm):
    """An unknown user reads the same as a wrong password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Call the login what it is, and say what to do."""
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget.input_type = "email"
        self.error_messages = {
            "invalid_login": "No account has this e-mail address and password. Check"
            " both.",
            "inactive": "This account is switched off; ask an owner to switch it on.",
        }


class LoginView(DjangoLoginView):
    """The sign-in page; before the set-up it leads there."""

    template_name = "workspaces/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Sign in, unless there is nobody yet who could."""
        if not is_set_up():
            return redirect("alerts:setup")
        return super().dispatch(request, *args, **kwargs)


def in_workspace(
    need: Need,
) -> Callable[[Page[Parameters]], Callable[..., HttpResponse]]:
    """Open the workspace named in the path, and give the page its `Access`.

    The page's context gets `workspace`, `access` and `is_read_only`. Another's
    workspace is a 404.
    """

    def decorate(page: Page[Parameters]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(page)
        def opened(
            request: HttpRequest, workspace: str, *args: object, **kwargs: object
        ) -> HttpResponse:
            try:
                access = open_for_user(
                    user=_user_of(request), slug=workspace, need=need
                )
                response = page(request, access, *args, **kwargs)  # type: ignore[arg-type] # the path's own converters
            except Missing as error:
                raise Http404(error.detail) from error
            except Forbidden as error:
                raise PermissionDenied(error.detail) from error
            if isinstance(response, TemplateResponse):
                context = response.context_data or {}
                response.context_data = {
                    "workspace": access.workspace,
                    "access": access,
                    "is_read_only": access.gives < Need.WRITE,
                    **context,
                }
            return response

        return opened

    return decorate


def _user_of(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied("Sign in first.")
    return user
