"""Verifications in a second of one core by sigstore for Python: FOLDER IDENTITY ISSUER. Parses each bundle anew, as we do."""

import pathlib
import statistics
import sys
import time

from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

folder, identity, issuer = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
verifier = Verifier(trusted_root=TrustedRoot.from_file(str(folder / "root.json")))
expected = policy.Identity(identity=identity, issuer=issuer)
artifact = (folder / "artifact").read_bytes()
bundles = [path.read_bytes() for path in sorted(folder.glob("*.sigstore.json"))]


def verify(text: bytes) -> None:
    bundle = Bundle.from_json(text)
    if b'"dsseEnvelope"' in text:
        verifier.verify_dsse(bundle, expected)
    else:
        verifier.verify_artifact(artifact, bundle, expected)


rates = []
for _ in range(5):
    started, done = time.process_time(), 0
    while time.process_time() - started < 0.7:
        verify(bundles[done % len(bundles)])
        done += 1
    rates.append(done / (time.process_time() - started))
print(statistics.median(rates))
