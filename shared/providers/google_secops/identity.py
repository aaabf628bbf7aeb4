"""Who we are to Google: a service account's key, or our identity in Azure (federation).

Both are the JSON that Google hands out and every one of its libraries takes: a service account's
key file, or the configuration of workload identity federation, which holds no secret
(https://google.aip.dev/auth/4112, https://google.aip.dev/auth/4117). google-auth itself is left
out: its asynchronous transport is a preview, and of it we need three requests.
"""

from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from shared.errors import NotConfigured
from shared.models.base import VendorModel
from shared.settings import Settings

VENDOR = "google_token"
_WHERE = "TOURNIQUET_GOOGLE_CREDENTIALS"


class ServiceAccountKey(VendorModel):
    """A service account's key file."""

    type: Literal["service_account"]
    client_email: str = Field(min_length=3)
    private_key: SecretStr
    private_key_id: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


class CredentialSource(VendorModel):
    """Where Google's own libraries would fetch our Azure token from."""

    url: str = ""


class ExternalAccount(VendorModel):
    """Workload identity federation: an Azure token is exchanged for one of Google."""

    type: Literal["external_account"]
    audience: str = Field(min_length=1)
    subject_token_type: str = "urn:ietf:params:oauth:token-type:jwt"  # noqa: S105 - a kind
    token_url: str = "https://sts.googleapis.com/v1/token"  # noqa: S105 - an address
    service_account_impersonation_url: str | None = None
    credential_source: CredentialSource = CredentialSource()

    @property
    def azure_scope(self) -> str:
        """The scope of the Azure token: that of the app that the identity pool trusts.

        ``gcloud iam workload-identity-pools create-cred-config --azure --app-id-uri=...`` writes it
        as ``resource`` into the address of the metadata service. A Functions app has no such
        service; azure-identity asks for the same token.
        """
        resource = parse_qs(urlsplit(self.credential_source.url).query).get("resource", [""])[0]
        if not resource:
            raise NotConfigured(
                f"{_WHERE} does not name the Azure app that the identity pool trusts:"
                " credential_source.url has no resource",
                vendor=VENDOR,
            )
        return f"{resource.rstrip('/')}/.default"


type Identity = ServiceAccountKey | ExternalAccount
_READER: TypeAdapter[Identity] = TypeAdapter(Annotated[Identity, Field(discriminator="type")])


def read_identity(settings: Settings) -> Identity:
    """Return the identity that the settings hold.

    Raises:
        NotConfigured: there is none, or it is not one of the two kinds; nothing of it is quoted.
    """
    secret = settings.google_credentials
    if secret is None:
        raise NotConfigured(f"{_WHERE} is not set", vendor=VENDOR)
    try:
        return _READER.validate_json(secret.get_secret_value())
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) or "JSON" for one in error.errors()})
        raise NotConfigured(
            f"{_WHERE} is neither a service account's key nor a federation's configuration"
            f" (wrong: {', '.join(places)[:200]})",
            vendor=VENDOR,
        ) from None
