"""Workspaces and their tokens."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.clock import utc_now
from workspaces.access import Need
from workspaces.api.serializers import StrictSerializer
from workspaces.api.views import WorkspaceAPIView
from workspaces.models import Token, TokenKind, User, Workspace
from workspaces.refusals import Unauthenticated
from workspaces.services import issue_token


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    """A workspace as its members see it."""

    class Meta:
        model = Workspace
        fields = ("slug", "title", "zone", "is_shared", "created_at")
        read_only_fields = fields


class TokenSerializer(serializers.ModelSerializer[Token]):
    """A token without its text, which is shown once, when it is issued."""

    class Meta:
        model = Token
        fields: tuple[str, ...] = (
            "hint",
            "name",
            "kind",
            "created_at",
            "expires_at",
            "last_used_at",
        )
        read_only_fields = fields


class TokenRequestSerializer(StrictSerializer):
    """What is said about a new token."""

    name = serializers.CharField(max_length=120, required=False, default="")
    kind = serializers.ChoiceField(choices=TokenKind.choices)


class IssuedTokenSerializer(TokenSerializer):
    """A token with its text."""

    text = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "text")
        read_only_fields = fields


class WorkspacesView(APIView):
    """The caller's workspaces."""

    @extend_schema(responses=WorkspaceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the workspaces that the caller may open."""
        if isinstance(request.auth, Token):
            own = request.auth.workspace_id
            found = Workspace.objects.filter(pk=own) | Workspace.objects.filter(
                is_shared=True
            )
        elif isinstance(request.user, User):
            found = Workspace.objects.visible_to(request.user)
        else:
            raise Unauthenticated("Send a token, or sign in.")
        return Response(WorkspaceSerializer(found.order_by("slug"), many=True).data)


class WorkspaceView(WorkspaceAPIView):
    """One workspace."""

    @extend_schema(responses=WorkspaceSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        """Return the workspace."""
        return Response(WorkspaceSerializer(self.access.workspace).data)


class TokensView(WorkspaceAPIView):
    """The tokens of a workspace; owners and secret tokens only."""

    reading = Need.MANAGE
    needs = {"POST": Need.MANAGE}

    @extend_schema(responses=TokenSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the tokens, newest first."""
        tokens = Token.objects.filter(workspace=self.access.workspace)
        return Response(TokenSerializer(tokens.order_by("-pk"), many=True).data)

    @extend_schema(
        request=TokenRequestSerializer, responses={201: IssuedTokenSerializer}
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Issue a token; its text is in this answer and never again."""
        asked = TokenRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, text = issue_token(
            access=self.access,
            kind=TokenKind(asked.validated_data["kind"]),
            name=asked.validated_data["name"],
            now=utc_now(),
        )
        return Response({**TokenSerializer(token).data, "text": text}, status=201)
