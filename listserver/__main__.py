"""`python -m listserver` is the same as `listserver`."""

from listserver.cli import main

if __name__ == "__main__":
    main()
