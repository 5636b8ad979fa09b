"""Runs on a server with the results of local ones: `connect("http://…").load("lstm").run("hello")`.

`connection.py` asks and asks again, `frames.py` reads what comes, `streams.py` goes on after a cut and puts runs together,
`remote.py` has what `connect` gives. httpx is imported by `connect`, not before.
"""

from unrolled.client.errors import RemoteError
from unrolled.client.remote import RemoteModel, Service, connect

__all__ = ["RemoteError", "RemoteModel", "Service", "connect"]
