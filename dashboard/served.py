"""The server of the pages, as `python -m dashboard` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # streamlit puts the folder of the script there, not the one that holds the package
    sys.path.insert(0, ROOT)

from dashboard import first_look  # noqa: E402
from dashboard.assets import Assets  # noqa: E402
from dashboard.classroom.origin import Marked  # noqa: E402

app = st.App("app.py", middleware=[Middleware(Marked), Middleware(Assets, ending=first_look.ending)])
