"""The `vidrestore` command, and `python -m vidrestore`: a signal waits from the first line until `main` listens."""

import signal

if hasattr(signal, "pthread_sigmask"):
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))  # stop.SIGNALS

from .cli import main

if __name__ == "__main__":
    main()
