"""`python -m effcore`."""

from effcore.cli import main

if __name__ == "__main__":
    main()
