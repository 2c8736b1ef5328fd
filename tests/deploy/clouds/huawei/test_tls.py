"""The deployer's way to Huawei Cloud over TLS: whom it takes for the cloud, at its management APIs and, through a proxy, at OBS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deploy.clouds import DeployError
from deploy.emulator.huawei.serving import Server
from tests.deploy.clouds.huawei.world import NAME, REGION
from tests.deploy.emulator.huawei.test_obs_tls import Authority, proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.clouds.huawei.world import World

OBS = f"obs.{REGION}.myhuaweicloud.com"
LTS, STORED = "The certificate of lts's address cannot be verified", "The certificate of OBS's address cannot be verified"


@pytest.fixture(name="authority")
def _authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine knows, by the variables that requests and OpenSSL read."""
    made = Authority(tmp_path, "known")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", made.known)
    monkeypatch.setenv("SSL_CERT_FILE", made.known)
    return made


def observed(world: World, **endpoints: str) -> Any:
    """Return what is there, as it is seen over these addresses."""
    environment = {**world.environment, **{f"HUAWEICLOUD_ENDPOINT_{name}": url for name, url in endpoints.items()}}
    return world.deployment(environment=environment).target.observe()


def over_tls(world: World, context: Any, host: str = "localhost") -> Any:
    """Observe with the logs' service behind a certificate."""
    with Server(world.control) as served:
        port = served._server.server_port
        served._server.socket = context.wrap_socket(served._server.socket, server_side=True)
        return observed(world, LTS=f"https://{host}:{port}")


def test_a_known_authority_and_the_right_name_are_accepted(applied: World, authority: Authority) -> None:
    """At the management APIs."""
    assert "log chat" in over_tls(applied, authority.server("localhost")).things


@pytest.mark.parametrize("known", [True, False], ids=["another name", "an unknown authority"])
def test_who_cannot_show_to_be_the_cloud_is_told_nothing(applied: World, authority: Authority, tmp_path: Path, known: bool) -> None:
    """One clear line, at once: to ask again would not help."""
    stranger = Authority(tmp_path, "stranger")
    context = authority.server("another.example") if known else stranger.server("localhost")
    applied.forget()
    with pytest.raises(DeployError, match=LTS):
        over_tls(applied, context)

    assert [] == applied.control.calls


def test_obs_is_asked_through_a_proxy_by_its_own_name(empty: World, authority: Authority) -> None:
    """The certificate is OBS's, whatever the proxy is."""
    with proxy(authority.server(OBS, f"*.{OBS}")) as behind:
        things = observed(empty, OBS=f"https://127.0.0.1:{behind.port}").things

    assert {} == things
    assert {f"twocan-{NAME}-{empty.account.keys.project[:16]}.{OBS}:443"} == set(behind.tunnels)


@pytest.mark.parametrize("known", [True, False], ids=["another name", "an unknown authority"])
def test_who_cannot_show_to_be_obs_is_told_nothing(empty: World, authority: Authority, tmp_path: Path, known: bool) -> None:
    """Its SDK verifies nothing by itself."""
    stranger = Authority(tmp_path, "stranger")
    context = authority.server("another.example") if known else stranger.server(OBS, f"*.{OBS}")
    with proxy(context) as behind, pytest.raises(DeployError, match=STORED):
        observed(empty, OBS=f"https://127.0.0.1:{behind.port}")
