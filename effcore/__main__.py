"""`python -m effcore`."""

from effcore.cli import entry

if __name__ == "__main__":
    entry()
