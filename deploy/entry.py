"""The few lines by which each cloud starts a function: `index.py` at the root of its code, so that every handler string is `index.handler`.

This file knows how a platform starts code and hands over settings; it must know no function but by its module's name. To add a cloud, add its
text. AWS: started while the module is imported, in the platform's init phase, from the environment. Huawei: started by the initializer, from
`getUserData`, since event functions get their settings no other way (huawei.md, 1.2); or by the first call, if no initializer was called.
On AWS, `index.streams` tells the streaming loop which methods and paths it may forward chunk by chunk. On Huawei the server of an HTTP function
calls the same initializer, whose `getUserData` is the environment there, and forwards what `index.started` responds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.bundle import ROUTES

if TYPE_CHECKING:
    from deploy.bundle import Function

_HEAD = '''"""Starts {module}. Written by the packager; do not edit."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if HERE in sys.path:
    sys.path.remove(HERE)
# First, before the platform's own packages: FunctionGraph brings urllib3 1.25 (huawei.md, 1.3).
sys.path.insert(0, HERE)

# What is loaded already, no path can replace.
foreign = getattr(sys.modules.get("urllib3"), "__file__", None)
if foreign and not os.path.abspath(foreign).startswith(HERE):
    raise RuntimeError("urllib3 was imported from outside the function's code: " + foreign)

from {module} import handler as function

release = ""
# Absent where the code was laid out by hand, not packaged: then no answer names a release.
if os.path.exists(os.path.join(HERE, "release.json")):
    with open(os.path.join(HERE, "release.json"), encoding="utf-8") as file:
        release = json.load(file)["release"]

'''

_AWS = """handler = function.start("{dialect}", os.environ.get, release)
streams = frozenset({streams})
"""

_HUAWEI = """started = None


def initializer(context):
    global started
    started = function.start("{dialect}", context.getUserData, release)


def handler(event, context):
    if started is None:
        initializer(context)
    return started(event, context)
"""

_TAILS = {"aws": _AWS, "huawei": _HUAWEI}


def entry(function: Function, cloud: str) -> str:
    """Return the text of index.py for a function on a cloud. Raises KeyError for a cloud that is not known."""
    dialect = "direct" if function.kind == "direct" else cloud
    streams = sorted((one.method, one.path) for one in ROUTES if one.function == function.name and one.streams)
    return (_HEAD + _TAILS[cloud]).format(module=function.module, dialect=dialect, streams=streams)
