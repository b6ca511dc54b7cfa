"""Serves the pages, as `effcore serve` starts them: python -m dashboard --server.port 8501

The store is read while the server starts, so that the first visitor of a large one does not wait for it.
"""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

from streamlit.web.cli import main


def _warm() -> None:
    logging.getLogger("streamlit").setLevel(logging.ERROR)  # says that there is no visitor, which is meant
    from dashboard import plotly_script
    from dashboard.screens import frontier

    plotly_script.script()  # half a second, in which nothing would be served
    frontier.warm()
    logging.getLogger("streamlit").setLevel(logging.WARNING)


if __name__ == "__main__":
    threading.Thread(target=_warm, daemon=True).start()
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("served.py")), *sys.argv[1:]]
    main(prog_name="streamlit")
