"""The command line's words that need no account: what they say, and with which exit code they end."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from deploy import clouds, owner
from deploy.__main__ import _there, main, users, users_list
from deploy.clouds import Use, aws
from deploy.clouds.aws import estimate

if TYPE_CHECKING:
    from pathlib import Path

SITE = owner.Site(domain="chat.example.com", certificate="arn:aws:acm:us-east-1:1:certificate/c")
COMMANDS = ("plan", "apply", "destroy", "status", "promote", "rollback", "logs", "doctor")


def dollars(use: Use, **choices: object) -> dict[str, float]:
    """Return the estimate of a use, by service."""
    return {cost.service: cost.dollars for cost in estimate(use, owner.Owner(deploy=owner.Place(**choices)))}  # type: ignore[arg-type]


def test_an_estimate_is_a_table_with_a_sum() -> None:
    """Of the lines above it, to the cent; nobody is asked, and no account is needed."""
    done = CliRunner().invoke(main, ["estimate", "--cloud", "aws"], env={"AWS_ACCESS_KEY_ID": "", "COLUMNS": "160"})
    *lines, total = [float(one) for one in re.findall(r"│ +(\d+\.\d\d) │", done.output)]

    assert 0 == done.exit_code
    assert abs(sum(lines) - total) < 0.01 * len(lines)


def test_an_estimate_for_a_script_is_the_same_in_json() -> None:
    """With its sum, and of when the prices are."""
    told = json.loads(CliRunner().invoke(main, ["estimate", "--cloud", "aws", "--json"]).output)

    assert abs(sum(one["dollars"] for one in told["costs"]) - told["dollars"]) < 0.01
    assert aws.PRICES_OF == told["prices_of"]


def test_nothing_runs_while_nobody_chats() -> None:
    """Next to nothing is left of the bill for one person who says one thing."""
    assert sum(dollars(Use(1, 1)).values()) < 0.05


def test_more_use_costs_more() -> None:
    """Of every service that is asked."""
    few, many = dollars(Use(10, 1000)), dollars(Use(100, 10_000))

    assert [] == [service for service in few if service != "S3" and many[service] <= few[service]]


def test_the_cheaper_processor_is_cheaper() -> None:
    """By the fifth that the example file says."""
    arm, intel = dollars(Use(20, 8800))["Lambda"], dollars(Use(20, 8800), processor="x86_64")["Lambda"]

    assert 0.78 < arm / intel < 0.82


def test_a_website_pays_no_cdn() -> None:
    """It has none."""
    services = {cost.service for cost in estimate(Use(1, 1), owner.Owner(site=owner.Site(hosting="website")))}

    assert "CloudFront" not in services


@pytest.mark.parametrize("words", [("--people", "100001"), ("--messages", "10001"), ("--people", "0"), ("--seconds", "901")], ids=" ".join)
def test_an_estimate_is_of_what_there_may_be(words: tuple[str, str]) -> None:
    """A slip of the finger gets no bill of millions."""
    assert 2 == CliRunner().invoke(main, ["estimate", "--cloud", "aws", *words]).exit_code


def test_a_domain_goes_with_its_certificate() -> None:
    """In the region where CloudFront looks for it."""
    aws.check(owner.Owner(site=SITE))


@pytest.mark.parametrize(
    ("site", "said"),
    [
        (SITE._replace(certificate=""), "needs `certificate`"),
        (SITE._replace(certificate="arn:aws:acm:eu-central-1:1:certificate/c"), "in us-east-1"),
        (SITE._replace(hosting="website"), 'needs hosting = "cdn"'),
    ],
    ids=["none", "elsewhere", "no-cdn"],
)
def test_a_domain_that_cannot_be_served_is_refused(site: owner.Site, said: str) -> None:
    """Before anything is made; only `doctor` told it once."""
    with pytest.raises(clouds.DeployError, match=said):
        aws.check(owner.Owner(site=site))


def test_an_export_to_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    """In one line, with the place."""
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(main, ["export", str(tmp_path / "file" / "folder")])

    assert 1 == done.exit_code
    assert "file/folder cannot be written (Not a directory): name a folder" in " ".join(done.output.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_wants_a_cloud(command: str) -> None:
    """And says where to name it; nothing was asked of anybody."""
    done = CliRunner().invoke(main, [command])

    assert isinstance(done.exception, clouds.DeployError)
    assert "Choose a cloud with --cloud, or under [deploy] in twocan.toml" in str(done.exception)


def test_an_endpoint_that_is_no_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from a paste that was cut off; it ended in a traceback once."""
    for name, value in (("AWS_ENDPOINT_URL", "foo"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_REGION", "eu-central-1")):
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["status", "--cloud", "aws", "--region", "eu-central-1"])

    assert isinstance(done.exception, clouds.DeployError)
    assert "AWS_ENDPOINT_URL is not an address" in str(done.exception)


@pytest.mark.parametrize("stage", ["", "Prod", "1st", "a" * 21, "x_y", "../x"])
def test_a_stage_has_a_plain_name(stage: str) -> None:
    """It becomes part of a bucket's name, and of a path."""
    done = CliRunner().invoke(main, ["plan", "--cloud", "aws", "--stage", stage])

    assert isinstance(done.exception, clouds.DeployError)
    assert "A stage's name has 1 to 20 small letters" in str(done.exception)


def test_a_hint_is_about_the_users_that_were_asked_about() -> None:
    """Not about those of this machine."""
    hint = "See who is there with: .venv/bin/python -m deploy users list"
    with main.make_context("deploy", ["users", "--cloud", "aws", "--stage", "try", "list"], resilient_parsing=True) as outer:
        group = users.make_context("users", ["--cloud", "aws", "--stage", "try", "list"], parent=outer, resilient_parsing=True)
        with group, users_list.make_context("list", [], parent=group):
            assert "-m deploy users --cloud aws --stage try list" in _there(hint)
