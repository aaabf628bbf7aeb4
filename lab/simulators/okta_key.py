"""The key of the app that Okta knows: the app has the private half, the simulator the public."""

import json

import jwt


def made_up_key() -> str:
    """Return a private key as Okta's console would hand it out, as JSON."""
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    key = jwt.algorithms.ECAlgorithm.to_jwk(private, as_dict=True)
    return json.dumps({**key, "kid": "lab-okta-1", "use": "sig", "alg": "ES256"})


def public_key(text: str) -> jwt.PyJWK:
    """Return the public half of a private key in JSON."""
    private = json.loads(text)
    kept = {name: private[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in private}
    return jwt.PyJWK.from_dict(kept)
