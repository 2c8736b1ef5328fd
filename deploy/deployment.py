"""One stage, put together: the owner's choices, the zips, the page and the secrets, as what is wanted; and the account it goes to.

This file knows where each part comes from; it decides nothing (plan.py) and calls no cloud but through its target. Secrets come from the stage's
own file, which is made with the stage, or from the environment; what this machine does not know stays as it is in the cloud.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import tomllib

from deploy import bundle, clouds, owner, package, site, wanted
from deploy.clouds import NO_MODEL, DeployError, Finding, Parcels
from deploy.local import stage as local
from deploy.steps import Function
from functions.shared.settings import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from deploy.gateway_responses import Cloud
    from deploy.steps import Seen, Thing


# Bytes of a function's settings (aws.md, 6; huawei.md, 1.6), less what is known only later: the page's origin, and what lets it stream.
_ROOM = 4096 - 256
_NO_ROOM = (
    "The settings of {function} take {size:,} bytes, and a function may have {room:,}: write fewer [[models]] and [[routes]], "
    "let rows share a key, or say less in each row."
)


class Folders(NamedTuple):
    """Where on this machine the page is, built, and where stages keep their secrets and history."""

    dist: Path = local.ROOT / "frontend" / "dist"
    stages: Path = local.ROOT / ".local" / "stages"


class Deployment:
    """A stage of the owner's in a cloud. Raises DeployError, OwnerError, PackageError and SiteError."""

    def __init__(
        self,
        name: str,
        cloud: Cloud,
        choices: owner.Owner,
        environment: Mapping[str, str],
        folders: Folders = Folders(),  # noqa: B008 - immutable
    ) -> None:
        check_name(name)
        self.name = name
        self.choices = choices
        self._cloud: Cloud = cloud
        self._environment = environment
        self._dist = folders.dist
        self._secrets = local.Stage(folders.stages / f"{cloud}-{name}")
        # Made for a stage that is new, and in no file until `keep`: to look at a plan leaves nothing behind.
        self._made: dict[str, str] = {}
        self._module = clouds.load(cloud)
        self._codes: Mapping[str, package.Code] = {}
        self._files: Mapping[str, bytes] = {}
        self._values: dict[str, str | None] = {}
        parcels = Parcels(self._zip, self._release, self._file, self._values.get)
        self.target = self._module.connect(clouds.Stage(name, choices, environment, self._mark), parcels)

    def prepare(self, seen: Seen, *, complete: bool = True) -> None:
        """Build the zips, and gather the secrets; new ones are made only for a stage that has no function yet.

        Where it need not be complete, keys that are nowhere are as unknown as those that are in the cloud only.
        """
        for one in bundle.FUNCTIONS:
            _check_import(one)
        self._module.check(self.choices)
        self._codes = self._built
        fresh = not any(name.startswith("function ") for name in seen.things)
        key = self._secret("token_key") if fresh else self._secrets.known("token_key")
        store = self._store(seen, complete=complete)
        self._values |= {"TOKEN_KEY": key, "STORE": store, "BREAKER": store, "MODEL_KEYS": self._model_keys(seen, complete=complete)}
        self._check_room(self._values)

    def keep(self) -> None:
        """Write down the secrets that were made, before anything in the cloud depends on them."""
        self._secrets.keep(self._made)

    @property
    def folder(self) -> Path:
        """Where the stage's secrets and its history lie on this machine."""
        return self._secrets.folder

    def size(self, function: Function) -> int:
        """Return the bytes of a function's zip."""
        return len(self._zip(function))

    def want(self, seen: Seen) -> Sequence[Thing]:
        """Return what should be, as far as it is known."""
        wish = wanted.Wish(
            self._cloud,
            self._module.parts(self.choices),
            version(),
            self.choices,
            self._codes,
            plain(self.name, self.choices),
            self._marked,
            self._dist,
        )
        self._files = {file.path: file.body for file in wanted.page(wish, seen)}
        return wanted.wanted(wish, seen)

    @property
    def own_records(self) -> bool:
        """Whether the cloud keeps the records, rather than a database that only the functions reach."""
        return self._module.parts(self.choices).own_records

    def notes(self) -> Iterator[str]:
        """Yield what an owner should hear of a stage that is as he chose."""
        if not self.choices.models:
            yield NO_MODEL
        yield from self._module.notes(self.choices)

    def findings(self) -> Iterator[Finding]:
        """Yield what in the cloud and on this machine stands in the way of an apply, and what does not."""
        there = [*self.target.findings()]
        yield from there
        if not self.choices.models:
            yield Finding(good=False, text=NO_MODEL)
        yield from _tried(lambda: self._module.check(self.choices))
        yield from self._unknown_secrets(said=any(not one.good for one in there))
        yield from _tried(lambda: site.check(self._dist))

    @cached_property
    def _built(self) -> Mapping[str, package.Code]:
        """Return the functions' code, by name. Raises PackageError."""
        target = self._module.packaging(self.choices)
        choices, breaker = self.choices, self.choices.deploy.breaker
        return {one.name: package.build(one, target, extra=self._module.beside(one, choices), breaker=breaker) for one in bundle.FUNCTIONS}

    def _model_keys(self, seen: Seen, *, complete: bool = True) -> str | None:
        """Return the models' keys, or None for those that are in the cloud already. Raises OwnerError where there are none."""
        try:
            return json.dumps(owner.keys(self.choices.models, self._environment))
        except owner.OwnerError:
            chat: Any = seen.things.get("function chat")
            there = json.loads(dict(chat.settings).get("MODELS", "[]")) if chat and "MODEL_KEYS" in dict(chat.secrets) else []
            if complete and not _named(self.choices.models) <= _named(there):
                raise
            return None

    def _unknown_secrets(self, *, said: bool) -> Iterator[Finding]:
        """Yield the secrets that are known neither here nor in the cloud. `said`: why it cannot be looked at has been told, if it cannot."""
        try:
            seen = self.target.observe()
        except DeployError as error:
            if not said:
                yield Finding(good=False, text=str(error))
            return
        yield from _tried(lambda: self._model_keys(seen))
        yield from _tried(lambda: self._store(seen))
        yield from _tried(lambda: self._check_room({"MODEL_KEYS": self._model_keys(seen, complete=False)}))

    def _store(self, seen: Seen, *, complete: bool = True) -> str | None:
        """Return where records are kept, or None for what only the functions in the cloud know. Raises DeployError where nobody knows."""
        store = self.target.store()
        admin = seen.things.get("function admin")
        there = isinstance(admin, Function) and "STORE" in dict(admin.secrets)
        if store is None and complete and not there:
            raise DeployError("Say where accounts are to be kept: set DATABASE_URL to a PostgreSQL, as in postgresql://user:password@host/database.")
        return store

    def _check_room(self, known: Mapping[str, str | None]) -> None:
        """Raise DeployError for settings that no function can be given."""
        apart = self._module.parts(self.choices).apart
        given = {name: packed(value) for name, value in plain(self.name, self.choices).items()}
        for one in bundle.FUNCTIONS:
            settings = {name: value for name, value in given.items() if name in one.needs}
            secrets = {name: value for name in one.given(self.choices.deploy.breaker) if (value := known.get(name))}
            for field in (settings, secrets) if apart else (settings | secrets,):
                if (size := len(json.dumps(field, ensure_ascii=False).encode())) > _ROOM:
                    raise DeployError(_NO_ROOM.format(function=one.name, size=size, room=_ROOM))

    def _secret(self, name: str) -> str:
        return self._secrets.known(name) or self._made.setdefault(name, local.generated())

    def _mark(self, value: str) -> str:
        """Return what stands for a secret's value wherever it would be seen: the same for the same value, of this stage, on this machine."""
        return hmac.new(self._secret("mark_key").encode(), value.encode(), hashlib.sha256).hexdigest()[:16]

    def _marked(self, name: str) -> str | None:
        value = self._values.get(name)
        return None if value is None else self._mark(value)

    def _zip(self, function: Function) -> bytes:
        return package.pack(self._codes[function.name], wanted.sealed(function))

    def _release(self, function: Function) -> str:
        return package.identity(self._codes[function.name], wanted.sealed(function))

    def _file(self, path: str) -> bytes:
        return self._files[path]


def _tried(look: Callable[[], object]) -> Iterator[Finding]:
    """Yield what a look ends with, if it ends with an error."""
    try:
        look()
    except (DeployError, owner.OwnerError, site.SiteError) as error:
        yield Finding(good=False, text=str(error))


def _named(models: Iterable[Mapping[str, str]]) -> set[str]:
    """Return the names of the keys that models want."""
    return {row["key"] for row in models if row.get("key")}


def _check_import(one: bundle.Function) -> None:
    """Raise DeployError for a handler that cannot be imported: what it needs is not known then."""
    try:
        import_module(one.module)
    except Exception as error:
        place = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise DeployError(f"{one.module.replace('.', '/')}.py cannot be imported ({type(error).__name__}{place}): mend it first.") from error


def check_name(stage: str) -> None:
    """Raise DeployError for a name that no stage can have."""
    if not re.fullmatch(owner.STAGE, stage):
        raise DeployError(f"A stage's name has 1 to 20 small letters, digits and hyphens and begins with a letter; {stage!r} does not.")


def plain(stage: str, choices: owner.Owner) -> dict[str, str]:
    """Return a stage's settings that hold no secret and need nothing of the cloud."""
    name = f"twocan/{stage}"
    return {
        "TOKEN_ISSUER": name,
        "TOKEN_AUDIENCE": name,
        "MODELS": json.dumps(choices.models),
        "ROUTES": json.dumps(choices.routes),
        **choices.limits,
    }


@cache
def version() -> str:
    """Return Twocan's version."""
    document = tomllib.loads((local.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(document["project"]["version"])
