"""``python -m waqiti`` is the command ``waqiti``."""

from waqiti.cli import main

if __name__ == "__main__":
    main()
