"""Viewers of the real pages by their protocol: what a browser sends and hears, without drawing it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

from dashboard.classroom.origin import COOKIE

PATIENCE_S = 240.0
VALUES = {"text_input": "string_value", "text_area": "string_value", "button_group": "string_array_value"}
"""Widgets that are set here, and where their value stands in what the browser sends."""


class Viewer:
    """One open page.

    Args:
        port: Of the server on this machine.
        mark: Of the browser, as the server gave it; it gives this one a new one where it is None, and none where it is empty.

    Attributes:
        mark: Of the browser.
        sent: Everything that the server sent, as it came.
        widgets: Id of each widget on the page now, by its key, of buttons by their words too.
        texts: The plain texts on the page now.
    """

    def __init__(self, port: int, *, mark: str | None = None) -> None:
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self.mark = mark_of(port) if mark is None else mark
        cookies = {"Cookie": f"{COOKIE}={self.mark}"} if self.mark else {}
        self._socket: Any = connect(
            address, origin=f"http://127.0.0.1:{port}", subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE_S,
            additional_headers=cookies,
        )  # fmt: skip
        self._page, self._query = "", ""
        self._states: dict[str, WidgetState] = {}
        self.sent: list[bytes] = []
        self.widgets: dict[str, str] = {}
        self.texts: list[str] = []

    def close(self) -> None:
        self._socket.close()

    def open(self, page: str, query: str = "") -> None:
        """Go to a page, in the same session."""
        self._page, self._query, self._states = page, query, {}
        self._ask([])

    def look(self) -> None:
        """Have the page drawn again."""
        self._ask([])

    def fill(self, **values: str | list[str]) -> None:
        """Write into fields by their keys, `-` written as `_`, and have the page drawn again."""
        self._write(values)
        self._ask([])

    def press(self, key: str, **values: str | list[str]) -> None:
        """Write into fields and press a button."""
        self._write(values)
        self.forge(self.widgets[key])

    def forge(self, widget_id: str) -> None:
        """Say that a button of that id was pressed, whether it is on the page or not."""
        self._ask([WidgetState(id=widget_id, trigger_value=True)])

    def heard(self, text: str) -> bool:
        """Whether a text ever came over the wire, shown or not."""
        return any(text.encode() in message for message in self.sent)

    def says(self, text: str) -> bool:
        """Whether a text is on the page now."""
        return any(text in one for one in self.texts)

    def _write(self, values: dict[str, str | list[str]]) -> None:
        for name, value in values.items():
            widget_id = self.widgets[name.replace("_", "-")]
            state = WidgetState(id=widget_id)
            if isinstance(value, str):
                state.string_value = value
            else:
                state.string_array_value.data.extend(value)
            self._states[widget_id] = state

    def _ask(self, triggers: Iterable[WidgetState]) -> None:
        ask = BackMsg()
        ask.rerun_script.query_string, ask.rerun_script.page_name = self._query, self._page
        ask.rerun_script.widget_states.widgets.extend([*self._states.values(), *triggers])
        self._socket.send(ask.SerializeToString())
        self._hear()

    def _hear(self) -> None:
        """Until the script has run to its end; a run that asks for another one is followed by that."""
        while True:
            data = self._socket.recv(timeout=PATIENCE_S)
            self.sent.append(data)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.widgets, self.texts = {}, []
            elif kind == "delta":
                self._take(message.delta)
            elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return

    def _take(self, delta: Any) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        assert kind != "exception", element.exception
        if kind == "text":
            self.texts.append(element.text.body)
        elif kind in ("button", *VALUES):
            widget_id = getattr(element, kind).id
            self.widgets[key_of(widget_id)] = widget_id
            if kind == "button":
                self.widgets.setdefault(element.button.label, widget_id)


def mark_of(port: int) -> str:
    """The mark that the server gives a browser with its first page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S) as answer:
        cookies: SimpleCookie = SimpleCookie(answer.headers["Set-Cookie"])
    return cookies[COOKIE].value


def key_of(widget_id: str) -> str:
    """The key that the page gave a widget, out of its id."""
    return widget_id.split("-", 2)[-1] if widget_id.startswith("$$ID-") else widget_id
