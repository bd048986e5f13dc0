"""Certificates for connections on this computer, made with openssl."""

import subprocess
from pathlib import Path
from typing import Any

from tests.dicom_node.peers import LOOPBACK

_CURVE = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split()


class Certificates:
    """PEM files of an authority and of those that it signs, each valid for this computer's address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = folder / "authority.crt"
        self._openssl(
            "req -x509 -nodes -days 2 -subj /CN=authority", *_CURVE, "-keyout", "authority.key", "-out", self.authority
        )

    def sign(self, name: str, valid_for: str = f"IP:{LOOPBACK}") -> tuple[Path, Path]:
        """Certificate and key; without identifiers of keys, as many devices have them."""
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        self._openssl(f"req -nodes -subj /CN={name}", *_CURVE, "-keyout", key, "-out", "request.pem")
        (self._folder / "names").write_text(f"subjectAltName={valid_for}")
        by = "-CA authority.crt -CAkey authority.key -CAcreateserial"
        self._openssl(f"x509 -req -in request.pem {by} -days 2 -extfile names", "-out", certificate)
        return certificate, key

    def lock(self, key: Path) -> Path:
        """The key under a password."""
        locked = self._folder / "locked.key"
        self._openssl("pkey -aes256 -passout pass:secret", "-in", key, "-out", locked)
        return locked

    def _openssl(self, words: str, *more: Any) -> None:
        command = ["openssl", *words.split(), *map(str, more)]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder)
