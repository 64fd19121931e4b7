"""The command line as ``python -m sodalite``."""

from __future__ import annotations

import sys

from sodalite.cli import main

if __name__ == "__main__":
    sys.exit(main())
