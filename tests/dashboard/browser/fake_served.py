"""The pages of `fake_app.py` behind the server that the real ones have, which holds what draws their charts."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from dashboard.assets import Assets

app = st.App("fake_app.py", middleware=[Middleware(Assets)])
