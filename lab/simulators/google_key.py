"""The key of the service account that Google knows: the app has it, the simulator its public half.

One key serves a whole process: making one takes longer than everything else at the start.
"""

import functools
import json


@functools.cache
def google_key() -> str:
    """Return a private key as PEM, as Google's console would hand it out."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def key_file(private_key: str, account: str, token_uri: str) -> str:
    """Return the key file of a service account, as one line of JSON."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": account.partition("@")[2].partition(".")[0],
            "private_key_id": "lab-google-1",
            "private_key": private_key,
            "client_email": account,
            "token_uri": token_uri,
        }
    )
