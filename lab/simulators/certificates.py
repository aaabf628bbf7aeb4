"""The lab's private certificate authority, made anew at each start.

Azure's SDKs refuse tokens over plain http, so every simulator speaks TLS. The app trusts the
authority the ordinary way: ``SSL_CERT_FILE`` and ``REQUESTS_CA_BUNDLE`` name ``ca.pem``.
"""

import os
import ssl
from pathlib import Path

import certifi
import trustme


def write_certificates(state_dir: Path) -> ssl.SSLContext:
    """Make an authority and a server certificate for localhost, and keep them as files.

    Writes ``ca.pem`` (the lab's authority and the public roots of certifi), ``server.pem`` (chain)
    and ``server.key`` into ``state_dir``; Azurite uses the same pair.

    Returns:
        A server-side TLS context with that certificate.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Tourniquet lab")
    issued = authority.issue_cert("localhost", "127.0.0.1")
    public_roots = Path(certifi.where()).read_bytes()
    _write(state_dir / "ca.pem", authority.cert_pem.bytes() + b"\n" + public_roots)
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    _write(state_dir / "server.pem", chain)
    _write(state_dir / "server.key", issued.private_key_pem.bytes(), mode=0o600)
    return load_certificates(state_dir)


def load_certificates(state_dir: Path) -> ssl.SSLContext:
    """Return the TLS context of certificates that somebody else has written.

    Raises:
        OSError: they are not there.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(state_dir / "server.pem", state_dir / "server.key")
    return context


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    # Replaced in one step: another process may be reading the file of the previous start.
    draft = path.with_suffix(path.suffix + ".tmp")
    draft.write_bytes(content)
    draft.chmod(mode)
    os.replace(draft, path)
