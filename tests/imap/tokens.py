"""Access tokens as an identity provider signs them, and a Dovecot that checks them (XOAUTH2)."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

KEY = b"a key of these tests, long enough for HS256"


def token(user: str, *, expires_at: int) -> str:
    """A JSON Web Token (RFC 7519) for this user."""
    head = {"alg": "HS256", "typ": "JWT", "kid": "default"}
    body = {"sub": user, "iat": expires_at - 3600, "nbf": expires_at - 3600, "exp": expires_at}
    signed = b".".join(_part(json.dumps(part).encode()) for part in (head, body))
    return (signed + b"." + _part(hmac.digest(KEY, signed, hashlib.sha256))).decode()


def checked_by(folder: Path) -> list[str]:
    """Lines of Dovecot's file that make it take such tokens."""
    keys = folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(KEY))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    config = folder / "oauth2.conf"
    lines = [
        "introspection_mode = local",
        f"local_validation_key_dict = fs:posix:prefix={folder}/keys/",
        "username_attribute = sub",
    ]
    config.write_text("\n".join([*lines, ""]))
    return [
        "auth_mechanisms=plain xoauth2",
        "passdb {",
        "driver=oauth2",
        "mechanisms=xoauth2",
        f"args={config}",
        "}",
    ]


def _part(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")
