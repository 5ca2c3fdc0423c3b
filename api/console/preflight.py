"""What comes before ``console``, as ``api.preflight`` does before ``web``."""

import sys

from api.preflight import main

if __name__ == "__main__":
    main(sys.argv[1:], "console")
