"""The Chronicle API of one Google SecOps instance: requests below the instance's resource name.

https://docs.cloud.google.com/chronicle/docs/reference/rest. It takes the place of the SOAR's own
API with its ``AppKey``, which ends on 30 November 2026 ("Migrate to the Chronicle API").
"""

from collections.abc import Collection, Mapping
from functools import cached_property

from shared.errors import NotConfigured, PermissionDenied
from shared.models.base import Json
from shared.providers.google_secops.tokens import GoogleTokens
from shared.providers.http import VendorClient
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.settings import Settings

VERSION = "v1alpha"
"""The one version that has all of it: creating and searching cases is in no other."""


class GoogleSecOpsApi:
    """Requests to one instance.

    Attributes:
        vendor: name in errors and logs: ``google_secops``, or ``google_secops_soar`` for cases.
    """

    def __init__(self, settings: Settings, vendor: str) -> None:
        self.vendor = vendor
        self._settings = settings
        self._tokens = GoogleTokens(settings)

    @cached_property
    def client(self) -> VendorClient:
        """The client; answers are parsed with it.

        Raises:
            NotConfigured: the address is not set, or is not https.
        """
        if not self._settings.google_secops_url:
            raise NotConfigured("TOURNIQUET_GOOGLE_SECOPS_URL is not set", vendor=self.vendor)
        return VendorClient(
            self.vendor,
            self._settings.google_secops_url,
            settings=self._settings,
            authorize=self._tokens.headers,
        )

    @property
    def instance(self) -> str:
        """The instance's resource name, ``projects/.../locations/.../instances/...``."""
        if not self._settings.google_secops_instance:
            raise NotConfigured("TOURNIQUET_GOOGLE_SECOPS_INSTANCE is not set", vendor=self.vendor)
        return self._settings.google_secops_instance

    async def call(
        self,
        operation: str,
        method: str,
        below: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Json | None = None,
        ok: Collection[int] = (200,),
        retry: Retry | None = None,
    ) -> VendorResponse:
        """Send a request; see ``VendorClient.request``.

        A token that Google does not take any more, although it has not expired, is asked for anew,
        once: a request refused with 401 has done nothing.

        Args:
            operation: what is called, for errors and logs.
            method: HTTP method.
            below: what follows the instance's name, ``/cases/12`` or ``:udmSearch``.
            params: query parameters.
            json: body.
            ok: accepted statuses.
            retry: what may be repeated.
        """
        path = f"/{VERSION}/{self.instance}{below}"
        for last in (False, True):
            try:
                return await self.client.request(
                    operation, method, path, params=params, json=json, ok=ok, retry=retry
                )
            except PermissionDenied as error:
                stale = error.status == 401 and error.operation == operation
                if last or not stale or not self._tokens.forget():
                    raise
        raise AssertionError("unreachable")
