"""IAM by the real SDK: agencies, roles on the project, and where a key leads to (huawei.md, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkfunctiongraph.v2 import FunctionGraphClient
from huaweicloudsdkfunctiongraph.v2 import model as fg
from huaweicloudsdkiam.v3 import IamClient
from huaweicloudsdkiam.v3 import model as iam

from deploy.emulator.huawei import iam_kept
from deploy.emulator.huawei.iam_kept import Agencies
from tests.deploy.emulator.huawei.cloud import Cloud, refused

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="cloud")
def _cloud() -> Iterator[Cloud]:
    with Cloud() as cloud:
        yield cloud


def create(cloud: Cloud, **fields: Any) -> Any:
    """Create an agency that trusts FunctionGraph."""
    wanted = {"name": "fg-agency", "domain_id": cloud.account.keys.domain, "trust_domain_name": "op_svc_cff", "duration": "FOREVER", **fields}
    option = iam.CreateAgencyOption(**{name: value for name, value in wanted.items() if value is not None})
    return cloud.iam.create_agency(iam.CreateAgencyRequest(body=iam.CreateAgencyRequestBody(agency=option))).agency


def test_an_agency_is_created_listed_and_deleted(cloud: Cloud) -> None:
    """And then a function cannot name it any more."""
    made = create(cloud, description="for functions")
    listed = cloud.iam.list_agencies(iam.ListAgenciesRequest(domain_id=cloud.account.keys.domain, name="fg-agency")).agencies
    others = cloud.iam.list_agencies(iam.ListAgenciesRequest(domain_id=cloud.account.keys.domain, name="other")).agencies
    created = cloud.create(xrole="fg-agency")
    cloud.iam.delete_agency(iam.DeleteAgencyRequest(agency_id=made.id))

    assert ([made.id], []) == ([one.id for one in listed], others)
    assert ("op_svc_cff", "fg-agency") == (listed[0].trust_domain_name, created.xrole)
    assert 404 == refused(lambda: cloud.iam.show_agency(iam.ShowAgencyRequest(agency_id=made.id)))[0]
    assert (400, "FSS.0400") == refused(lambda: cloud.configure(xrole="fg-agency"))


def test_agencies_are_listed_in_pages(cloud: Cloud) -> None:
    """The first page is 1."""
    for number in range(3):
        create(cloud, name=f"a{number}")
    ask = iam.ListAgenciesRequest(domain_id=cloud.account.keys.domain, page=2, per_page=2)

    assert ["a2"] == [one.name for one in cloud.iam.list_agencies(ask).agencies]
    assert 400 == refused(lambda: cloud.iam.list_agencies(iam.ListAgenciesRequest(domain_id=cloud.account.keys.domain, page=0, per_page=2)))[0]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "a" * 65}, 400),
        ({"name": None}, 400),
        ({"duration": "NEVER"}, 400),
        ({"description": "d" * 256}, 400),
        ({"trust_domain_name": None}, 400),
        ({"domain_id": None}, 400),
        ({"domain_id": "f" * 32}, 403),
    ],
    ids=["name too long", "no name", "odd duration", "long description", "trusts nobody", "no domain", "another domain"],
)
def test_an_agency_is_refused(cloud: Cloud, fields: dict[str, Any], status: int) -> None:
    """What is not one."""
    assert status == refused(lambda: create(cloud, **fields))[0]


def test_an_agency_exists_once(cloud: Cloud) -> None:
    """By its name."""
    create(cloud)

    assert 409 == refused(lambda: create(cloud))[0]


def test_there_are_so_many_agencies(cloud: Cloud) -> None:
    """50."""
    for number in range(iam_kept.AGENCIES):
        cloud.account.kept(Agencies).add(f"a{number}", "op_svc_cff", "", "null")

    assert 403 == refused(lambda: create(cloud))[0]


def role(cloud: Cloud, display_name: str) -> Any:
    """Return a role of the system's by its display name."""
    return cloud.iam.keystone_list_permissions(iam.KeystoneListPermissionsRequest(display_name=display_name)).roles[0]


def test_a_role_is_granted_and_revoked(cloud: Cloud) -> None:
    """On the project; a check says whether it is there."""
    about = {"project_id": cloud.account.keys.project, "agency_id": create(cloud).id, "role_id": role(cloud, "VPC Administrator").id}
    check = iam.CheckProjectPermissionForAgencyRequest(**about)
    before = refused(lambda: cloud.iam.check_project_permission_for_agency(check))[0]
    cloud.iam.associate_agency_with_project_permission(iam.AssociateAgencyWithProjectPermissionRequest(**about))
    held = cloud.iam.check_project_permission_for_agency(check).status_code
    ask = iam.ListProjectPermissionsForAgencyRequest(project_id=about["project_id"], agency_id=about["agency_id"])
    listed = cloud.iam.list_project_permissions_for_agency(ask).roles
    cloud.iam.remove_project_permission_from_agency(iam.RemoveProjectPermissionFromAgencyRequest(**about))

    assert (404, 204) == (before, held)
    assert ["VPC Administrator"] == [one.display_name for one in listed]
    assert 404 == refused(lambda: cloud.iam.check_project_permission_for_agency(check))[0]


@pytest.mark.parametrize(("display_name", "status"), [("OBS Administrator", 403), ("", 404)], ids=["for the domain", "unknown"])
def test_a_role_is_refused(cloud: Cloud, display_name: str, status: int) -> None:
    """One that is for domains only is not granted on a project."""
    role_id = role(cloud, display_name).id if display_name else "nothing"
    about = {"project_id": cloud.account.keys.project, "agency_id": create(cloud).id, "role_id": role_id}
    request = iam.AssociateAgencyWithProjectPermissionRequest(**about)

    assert status == refused(lambda: cloud.iam.associate_agency_with_project_permission(request))[0]


def test_roles_are_listed_by_layer(cloud: Cloud) -> None:
    """And a domain has none of its own."""
    project = cloud.iam.keystone_list_permissions(iam.KeystoneListPermissionsRequest(type="project")).roles
    own = cloud.iam.keystone_list_permissions(iam.KeystoneListPermissionsRequest(domain_id=cloud.account.keys.domain)).roles

    assert ("LTS Administrator" in {one.display_name for one in project}, []) == (True, own)
    assert 400 == refused(lambda: cloud.iam.keystone_list_permissions(iam.KeystoneListPermissionsRequest(type="all of them")))[0]


def test_the_sdk_finds_its_project(cloud: Cloud) -> None:
    """Without one it asks IAM for the project of its region's name (WIRE 28)."""
    keys = cloud.account.keys
    credentials = BasicCredentials(keys.access, keys.secret).with_iam_endpoint(cloud.url)
    builder = FunctionGraphClient.new_builder().with_http_config(HttpConfig(retry_times=0, user_agent="tests")).with_credentials(credentials)
    client: Any = builder.with_region(Region(keys.region, cloud.url)).build()

    assert 0 == client.list_functions(fg.ListFunctionsRequest()).count


def test_the_sdk_finds_its_domain(cloud: Cloud) -> None:
    """Without one it asks IAM for it."""
    keys = cloud.account.keys
    credentials = GlobalCredentials(keys.access, keys.secret).with_iam_endpoint(cloud.url)
    builder = IamClient.new_builder().with_http_config(HttpConfig(retry_times=0, user_agent="tests")).with_credentials(credentials)
    client: Any = builder.with_region(Region(keys.region, cloud.url)).build()

    assert [] == client.list_agencies(iam.ListAgenciesRequest(domain_id=keys.domain)).agencies


def test_another_region_has_no_project(cloud: Cloud) -> None:
    """The account has one project only."""
    found = cloud.iam.keystone_list_projects(iam.KeystoneListProjectsRequest(name="eu-west-0")).projects

    assert [] == found
