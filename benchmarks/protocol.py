"""A client of the pages without a browser: it opens the socket as a browser does and reads what is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from effcore.cli.serve import ADDRESS

PATIENCE_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one run of a page.

    Attributes:
        figure_s: Seconds until the first figure was there.
        whole_s: Seconds until the script had ended; NaN where that was not waited for.
        figure_bytes, whole_bytes: Sent until then.
    """

    figure_s: float
    whole_s: float
    figure_bytes: int
    whole_bytes: int


@dataclass(frozen=True)
class Viewer:
    """One open page."""

    socket: ClientConnection
    timers: dict[str, float] = field(default_factory=dict)

    def wake(self) -> None:
        """Ask for the part that waits for the first chart to be drawn, as the timer of a browser does, until all has come."""
        ask = BackMsg()
        ask.rerun_script.fragment_id = min(self.timers, key=lambda part: self.timers[part])
        self.socket.send(ask.SerializeToString())
        tables = False
        while True:
            message = self._next()
            tables |= message.delta.new_element.HasField("dataframe")
            if message.WhichOneof("type") == "script_finished" and tables:
                return

    def _next(self) -> ForwardMsg:
        data = self.socket.recv(timeout=PATIENCE_S)
        message = ForwardMsg()
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        if message.WhichOneof("type") == "auto_rerun":
            self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        return message

    def run(self, query: str = "", *, whole: bool = True) -> Answer:
        """Ask for the page at that address.

        Args:
            query: What stands behind the question mark.
            whole: Whether to wait for the end of the script; otherwise the first figure is enough.
        """
        ask = BackMsg()
        ask.rerun_script.query_string = query
        begun, size, figure_s, figure_bytes = time.monotonic(), 0, float("nan"), 0
        self.socket.send(ask.SerializeToString())
        while time.monotonic() - begun < PATIENCE_S:
            message = self._next()
            size += message.ByteSize()
            passed = time.monotonic() - begun
            if message.delta.new_element.HasField("bidi_component") and not figure_bytes:
                figure_s, figure_bytes = passed, size
                if not whole:
                    return Answer(figure_s=figure_s, whole_s=float("nan"), figure_bytes=size, whole_bytes=size)
            if message.WhichOneof("type") == "script_finished":
                return Answer(figure_s=figure_s, whole_s=passed, figure_bytes=figure_bytes, whole_bytes=size)
        raise SystemExit(f"Nothing came within {PATIENCE_S:.0f} s.")


@contextmanager
def viewer(port: int) -> Iterator[Viewer]:
    """A new viewer of the pages on that port."""
    address = f"ws://{ADDRESS}:{port}/_stcore/stream"
    with connect(address, origin=f"http://{ADDRESS}:{port}", subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE_S) as socket:
        yield Viewer(socket)
