"""FunctionGraph's state: every function with its versions and aliases, what may be done to it, and what the data plane asks about it.

This file knows what must be there and how many there may be (huawei.md, 1.6 and 3.1); what versions and aliases may become is
function_versions.py's and function_aliases.py's, and what a request says is functiongraph.py's. Whoever asks holds the account's lock, but for the
methods of the data plane, which take it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.huawei import function_checks, function_urns
from deploy.emulator.huawei.function_checks import BAD
from deploy.emulator.huawei.function_urns import LATEST, Urn
from deploy.emulator.huawei.function_values import Function, Snapshot
from deploy.emulator.huawei.iam_kept import Agencies
from deploy.emulator.huawei.lts_kept import Logs
from deploy.emulator.huawei.numbers import Numbers
from deploy.emulator.huawei.version import Version
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.function_values import Code
    from deploy.emulator.huawei.version import Ran

FUNCTIONS = 400
#: All code of all versions: 10 GB (CONFLICT in 1.6: the error's text says 20).
CODE = 10 * 1024**3
#: Whom an agency must trust, so that FunctionGraph may use it (huawei.md, 5).
TRUSTED = "op_svc_cff"
#: The group of logs that FunctionGraph makes for itself. Its name is UNCONFIRMED.
GROUP = "functiongraph.log.group.emulated"


class Absent(Exception):
    """There is no such function, version or alias."""


class Invoked(NamedTuple):
    """An invocation that the management API was asked for."""

    urn: str
    payload: bytes
    request_id: str


class Functions:
    """Every function, by its name. `runs` is what runs an invocation, `fetch` what gives a bucket's object: None where nothing does."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.functions: dict[str, Function] = {}
        self.numbers = Numbers()
        self.keeps_logs = False
        self.runs: Callable[[Invoked], Ran] | None = None
        self.fetch: Callable[[str, str], bytes | None] = _nothing

    def find(self, urn: Urn) -> Function:
        """Return a function. Raises Refused: FSS.1051."""
        found = self.functions.get(urn.name)
        if found is None or found.package != urn.package:
            raise Refused(404, "FSS.1051", "The function does not exist.")
        return found

    def snapshot(self, urn: Urn) -> Snapshot:
        """Return the version that a URN means; without a suffix it is the latest. Raises Refused: FSS.1051, 1052, 1053."""
        found = self.find(urn)
        if urn.alias and urn.alias not in found.aliases:
            raise Refused(404, "FSS.1053", "The alias does not exist.")
        version = found.aliases[urn.alias].version if urn.alias else urn.version or LATEST
        if version not in found.versions:
            raise Refused(404, "FSS.1052", "The version does not exist.")
        return found.versions[version]

    def changeable(self, urn: Urn) -> Function:
        """Return a function whose latest version a URN means: all others are frozen (huawei.md, 3.1). Raises Refused."""
        found = self.find(urn)
        if urn.suffix not in {"", LATEST}:
            self.snapshot(urn)
            raise Refused(400, "FSS.1015", "Only the latest version can be changed.")
        return found

    def create(self, named: Mapping[str, Any], settings: dict[str, Any], code: Code, depends: tuple[str, ...]) -> Function:
        """Keep a new function. Raises Refused."""
        name = named["func_name"]
        if name in self.functions:
            raise Refused(409, "FSS.1061", "The function already exists.")
        if len(self.functions) >= FUNCTIONS:
            raise Refused(403, "FSS.1041", "There are too many functions.")
        self._check_room(code)
        latest = Snapshot(LATEST, self.completed(name, settings), code, depends, self._account.clock())
        made = self.functions[name] = Function(self._account.new_id(), named["package"], name, {LATEST: latest})
        return made

    def change(self, found: Function, **parts: Any) -> Snapshot:
        """Replace parts of a function's latest version, and return it. Raises Refused."""
        if "code" in parts:
            self._check_room(parts["code"])
        if "settings" in parts:
            parts["settings"] = self.completed(found.name, parts["settings"])
        found.versions[LATEST] = found.latest._replace(modified=self._account.clock(), **parts)
        return found.latest

    def remove(self, found: Function) -> None:
        """Forget a function and all of its versions."""
        del self.functions[found.name]
        self.numbers.forget(found.name)

    def completed(self, name: str, settings: dict[str, Any]) -> dict[str, Any]:
        """Return settings with their place for logs, if what they name is there. Raises Refused."""
        agencies = self._account.kept(Agencies)
        for field in ("xrole", "app_xrole"):
            named = settings.get(field)
            if named and not agencies.trusts(named, TRUSTED):
                raise Refused(400, BAD, f"The agency of {field} does not exist, or does not trust FunctionGraph.")
        if settings.get("func_vpc") and not agencies.holds(settings["xrole"], "VPC Administrator"):
            raise Refused(403, "FSS.0403", "The agency (xrole) has no VPC Administrator permission.")
        if not (self.keeps_logs or settings.get("enable_lts_log")):
            return settings
        return {**settings, "log_config": self._place(name, settings.get("log_config"))}

    def stored_bytes(self) -> int:
        """Return how much code there is."""
        return sum(len(one.code.uploaded) for function in self.functions.values() for one in function.versions.values())

    def resolve(self, urn: str, draw: float) -> tuple[str, str, str]:
        """Return the function, the version and the alias that a call is for; `draw`, from 0 to 1, chooses by an alias's weights. Raises Absent."""
        with self._asked():
            parsed = function_urns.parse(urn, self._account.keys)
            version = self.snapshot(parsed).version
            if parsed.alias:
                weights = self.find(parsed).aliases[parsed.alias].weights
                version = next((one for one, percent in weights.items() if draw * 100 < percent), version)
            return parsed.name, version, parsed.alias

    def version(self, name: str, version: str) -> Version:
        """Return a version as it is run. Raises Absent."""
        with self._asked():
            found = self.functions.get(name)
            if found is None or version not in found.versions:
                raise Absent(name, version)
            return self._runnable(found, found.versions[version])

    def admits(self, name: str, version: str) -> bool:
        """Say whether a version may be called: 0 instances disable a function, by its latest settings or the version's own. Raises Absent."""
        with self._asked():
            found = self.functions.get(name)
            if found is None or version not in found.versions:
                raise Absent(name, version)
            return 0 not in {one.settings["strategy_config"]["concurrency"] for one in (found.latest, found.versions[version])}

    def counted(self, name: str, version: str, took_ms: float, *, failed: bool, rejected: bool = False) -> None:
        """Count a call."""
        with self._account.lock:
            self.numbers.add((name, version), self._account.clock(), took_ms, failed=failed, rejected=rejected)

    def log_stream(self, name: str) -> tuple[str, str] | None:
        """Return the group and the stream where a function's lines go, by their ids; None if nowhere."""
        with self._account.lock:
            found = self.functions.get(name)
            named = found.latest.settings if found else {}
            if not (self.keeps_logs or named.get("enable_lts_log")) or "log_config" not in named:
                return None
            return named["log_config"]["group_id"], named["log_config"]["stream_id"]

    def keep_logs(self) -> None:
        """Keep every function's lines from now on. Raises Refused: FSS.1221."""
        if self.keeps_logs:
            raise Refused(400, "FSS.1221", "LTS logs are enabled already.")
        self.keeps_logs = True
        for found in self.functions.values():
            found.versions[LATEST] = found.latest._replace(settings=self.completed(found.name, dict(found.latest.settings)))

    def _place(self, name: str, named: Mapping[str, str] | None) -> dict[str, str]:
        """Return where logs go: what the request names, if it is there, else what FunctionGraph makes itself (SDK-FG). Raises Refused."""
        logs = self._account.kept(Logs)
        if not named:
            return logs.provide(GROUP, name)
        place = logs.place(named.get("group_id", ""), named.get("stream_id", ""))
        if place is None:
            raise Refused(400, BAD, "The group or the stream of log_config does not exist.")
        return place

    def _check_room(self, code: Code) -> None:
        if self.stored_bytes() + len(code.uploaded) > CODE:
            raise Refused(403, "FSS.1042", "There is too much code.")

    def _runnable(self, found: Function, one: Snapshot) -> Version:
        settings = one.settings
        values = {name: function_checks.user_data(settings.get(name, "")) for name in ("user_data", "encrypted_user_data")}
        return Version(
            name=found.name,
            version=one.version,
            urn=function_urns.write(self._account.keys, found.package, found.name, one.version),
            project=self._account.keys.project,
            package=found.package,
            runtime=settings["runtime"],
            code=one.code.zipped,
            handler=settings["handler"],
            initializer=settings.get("initializer_handler", ""),
            initializer_seconds=settings.get("initializer_timeout", 0),
            seconds=settings["timeout"],
            memory=settings["memory_size"],
            user_data={**values["user_data"], **values["encrypted_user_data"]},
            concurrent=settings["strategy_config"]["concurrent_num"],
        )

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            with self._account.lock:
                yield
        except Refused as refused:
            raise Absent(refused.message) from refused


def _nothing(bucket: str, key: str) -> bytes | None:  # noqa: ARG001 - stands for buckets where there are none
    return None
