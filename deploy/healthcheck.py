"""Exit status 0 where the program in this container is ready: the service, or the page where the address says so."""

import os
import sys
import urllib.error
import urllib.request

ADDRESS = os.environ.get("BRAIN_TUMOR_HEALTH_URL", "http://127.0.0.1:8000/health/ready")

try:
    with urllib.request.urlopen(ADDRESS, timeout=4) as answer:  # noqa: S310 - the container's own address
        sys.exit(0 if answer.status == 200 else 1)
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"{ADDRESS}: {error}")
