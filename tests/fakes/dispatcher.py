"""Moto's finder of the service that a call is for, which remembers what it found: by itself it looks through moto's folders for each call, twice."""

from __future__ import annotations

from functools import cache

from moto.moto_server.werkzeug_app import DomainDispatcherApplication


class Dispatcher(DomainDispatcherApplication):
    """Moto's own, but for that."""

    get_backend_for_host = cache(DomainDispatcherApplication.get_backend_for_host)
