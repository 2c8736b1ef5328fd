"""What the bodies of requests to APIG may hold: one table for each resource (huawei.md, 2.3, 2.5 and 3.2; ranges from the SDK's own texts).

This file knows names and ranges; rules that look at more than one field are where the resource is. To let a resource hold something more, add
its line.
"""

from __future__ import annotations

import json
import re
from typing import Any

from deploy.emulator.huawei.apig_checks import Field, one_of, text, texts, truth, whole

_CHINESE = "\u4e00-\u9fff"
_NAME = rf"[A-Za-z{_CHINESE}][A-Za-z0-9_{_CHINESE}]{{2,63}}"
_LONG_NAME = rf"[A-Za-z0-9{_CHINESE}][A-Za-z0-9{_CHINESE}_./():（）：、-]{{2,254}}"  # noqa: RUF001 - Chinese has its own punctuation
_ID = r"[A-Za-z0-9_-]{0,64}"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.){1,7}[A-Za-z]{2,64}"
#: The name of a parameter, and those that are APIG's own (huawei.md, 2.4).
PARAMETER = r"[A-Za-z][A-Za-z0-9._-]{0,31}"
RESERVED = re.compile(r"x-apig-.*|x-sdk-.*|x-stage", re.IGNORECASE)
_MOST = 2_147_483_647
_REMARK = Field(text())

#: The types of errors that a gateway response may be for (huawei.md, 2.5).
ERRORS = re.compile(
    r"AUTH_FAILURE|AUTH_HEADER_MISSING|AUTHORIZER_(?:FAILURE|CONF_FAILURE|IDENTITIES_FAILURE)|BACKEND_(?:UNAVAILABLE|TIMEOUT)|THROTTLED|UNAUTHORIZED"
    r"|ACCESS_DENIED|NOT_FOUND|REQUEST_PARAMETERS_FAILURE|DEFAULT_[45]XX|JWT_AUTH_FAILURE|(?:THIRD|OIDC)_AUTH_[A-Z_]+|ORCHESTRATION_[A-Z_]+"
)


def _regular(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return len(value) <= 2048


def _parameter(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(PARAMETER, value) is not None and not RESERVED.fullmatch(value)


def _json(value: Any) -> bool:
    try:
        return isinstance(json.loads(value), dict) and len(value) <= 65_535
    except (ValueError, TypeError):
        return False


GROUP = {"name": Field(text(_LONG_NAME), required=True), "remark": _REMARK}
ENVIRONMENT = {"name": Field(text(r"[A-Za-z][A-Za-z0-9_]{2,63}"), required=True), "remark": _REMARK}
IDENTITY = {
    "name": Field(text(r"[A-Za-z][A-Za-z0-9._-]{0,63}"), required=True),
    "location": Field(one_of("HEADER", "QUERY"), required=True),
    "validation": Field(_regular),
}
AUTHORIZER = {
    "name": Field(text(_NAME), required=True),
    "type": Field(one_of("FRONTEND", "BACKEND"), required=True),
    "authorizer_type": Field(one_of("FUNC"), required=True),
    "authorizer_uri": Field(text(), required=True),
    "network_type": Field(one_of("V1", "V2"), default="V1"),
    "authorizer_version": Field(text()),
    "authorizer_alias_uri": Field(text()),
    "identities": Field(inside=IDENTITY, many=True, default=[]),
    "ttl": Field(whole(0, 3600), default=0),
    "user_data": Field(text(most=2048)),
    "need_body": Field(truth, default=False),
}
THROTTLE = {
    "name": Field(text(_NAME), required=True),
    "time_unit": Field(one_of("SECOND", "MINUTE", "HOUR", "DAY"), required=True),
    "time_interval": Field(whole(1, _MOST), required=True),
    "api_call_limits": Field(whole(1, _MOST), required=True),
    "user_call_limits": Field(whole(0, _MOST)),
    "app_call_limits": Field(whole(0, _MOST)),
    "ip_call_limits": Field(whole(0, _MOST)),
    "type": Field(one_of(1, 2), default=1),
    "enable_adaptive_control": Field(one_of("TRUE", "FALSE"), default="FALSE"),
    "remark": _REMARK,
}
BINDING = {"strategy_id": Field(text(_ID), required=True), "publish_ids": Field(texts(_ID, 1000), required=True)}
HEADER = {"key": Field(text(r"[A-Za-z0-9-]{1,128}"), required=True), "value": Field(text(r".{1,1024}", 1024), required=True)}
RESPONSE = {
    "status": Field(lambda value: whole(200, 599)(value) and value != 444),
    "body": Field(text(most=64 * 1024)),
    "headers": Field(lambda value: isinstance(value, list) and len(value) <= 10, inside=HEADER, many=True),
}
RESPONSES = {"name": Field(text(r"[A-Za-z0-9_-]{1,64}"), required=True), "responses": Field(lambda value: isinstance(value, dict), default={})}
DOMAIN = {
    "url_domain": Field(text(_DOMAIN), required=True),
    "min_ssl_version": Field(one_of("TLSv1.1", "TLSv1.2"), default="TLSv1.1"),
    "is_http_redirect_to_https": Field(truth, default=False),
}
DOMAIN_UPDATE = {**DOMAIN, "url_domain": Field(text(_DOMAIN)), "min_ssl_version": Field(one_of("TLSv1.1", "TLSv1.2"), required=True)}
CERTIFICATE = {
    "name": Field(text(r"[A-Za-z\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff-]{3,49}"), required=True),
    "cert_content": Field(text(r"\s*-----BEGIN CERTIFICATE-----.+-----END CERTIFICATE-----\s*", 65_535), required=True),
    "private_key": Field(text(r"\s*-----BEGIN (?:RSA |EC )?PRIVATE KEY-----.+-----END (?:RSA |EC )?PRIVATE KEY-----\s*", 65_535), required=True),
}
PLUGIN = {
    "plugin_name": Field(text(rf"[A-Za-z{_CHINESE}][A-Za-z0-9_{_CHINESE}]{{2,254}}"), required=True),
    # Of the eleven types only this one is understood here; the others are refused rather than to do nothing.
    "plugin_type": Field(one_of("cors"), required=True),
    "plugin_scope": Field(one_of("global"), required=True),
    "plugin_content": Field(_json, required=True),
    "remark": _REMARK,
}
CORS = {
    "allow_origin": Field(text(r".+", 1024), required=True),
    "allow_methods": Field(text(most=1024)),
    "allow_headers": Field(text(most=1024)),
    "expose_headers": Field(text(most=1024)),
    "max_age": Field(whole(0, _MOST)),
    "allow_credentials": Field(truth),
}
ATTACHMENT = {"env_id": Field(text(_ID), required=True), "api_ids": Field(texts(_ID, 1000), required=True)}
FEATURE = {"name": Field(text(r"[a-z_]{1,64}"), required=True), "enable": Field(truth, required=True), "config": Field(text(most=4096))}
ACTION = {
    "action": Field(one_of("online", "offline"), required=True),
    "env_id": Field(text(_ID), required=True),
    "api_id": Field(text(_ID), required=True),
    "remark": _REMARK,
}
BATCH = {"apis": Field(texts(_ID, 1000)), "env_id": Field(text(_ID), required=True), "group_id": Field(text(_ID)), "remark": _REMARK}
VERSION = {"version_id": Field(text(_ID), required=True)}

_FUNCTION = {
    "function_urn": Field(text(), required=True),
    "invocation_type": Field(one_of("sync", "async"), required=True),
    "network_type": Field(one_of("V1", "V2"), required=True),
    # V2 would take up to ten minutes with the feature `backend_timeout`, which this instance has not got (huawei.md, 1.6).
    "timeout": Field(whole(1, 60_000), required=True),
    "version": Field(text(r"[A-Za-z0-9._-]{0,64}")),
    "alias_urn": Field(text()),
    "authorizer_id": Field(text(_ID)),
    "req_protocol": Field(one_of("HTTPS", "GRPCS")),
    "remark": _REMARK,
}
_REQUEST = {
    "name": Field(_parameter, required=True),
    "type": Field(one_of("STRING", "NUMBER"), required=True),
    "location": Field(one_of("PATH", "QUERY", "HEADER"), required=True),
    "default_value": Field(text()),
    "sample_value": Field(text()),
    "required": Field(one_of(1, 2)),
    "valid_enable": Field(one_of(1, 2), default=2),
    "pass_through": Field(one_of(1, 2)),
    "enumerations": Field(text()),
    "min_num": Field(whole(-_MOST, _MOST)),
    "max_num": Field(whole(-_MOST, _MOST)),
    "min_size": Field(whole(0, _MOST)),
    "max_size": Field(whole(0, _MOST)),
    "remark": _REMARK,
}
_BACKEND = {
    "origin": Field(one_of("REQUEST", "CONSTANT", "SYSTEM"), required=True),
    "name": Field(_parameter, required=True),
    "location": Field(one_of("PATH", "QUERY", "HEADER"), required=True),
    "value": Field(text(r".+"), required=True),
    "remark": _REMARK,
}
API = {
    "name": Field(text(_LONG_NAME), required=True),
    "type": Field(one_of(1, 2), required=True),
    "version": Field(text(most=64)),
    "req_protocol": Field(one_of("HTTP", "HTTPS", "BOTH", "GRPCS"), required=True),
    "req_method": Field(one_of("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "ANY"), required=True),
    "req_uri": Field(text(r"/[A-Za-z0-9/{}*%._~+-]*", 512), required=True),
    "auth_type": Field(one_of("NONE", "APP", "IAM", "AUTHORIZER"), required=True),
    "authorizer_id": Field(text(_ID)),
    "backend_type": Field(one_of("HTTP", "FUNCTION", "MOCK", "GRPC"), required=True),
    "match_mode": Field(one_of("NORMAL", "SWA"), default="NORMAL"),
    "group_id": Field(text(_ID), required=True),
    "cors": Field(truth, default=False),
    "content_type": Field(one_of("", "application/json", "application/xml", "multipart/form-data", "text/plain")),
    "is_send_fg_body_base64": Field(truth, default=True),
    "response_id": Field(text(_ID)),
    "func_info": Field(inside=_FUNCTION),
    "mock_info": Field(inside={"result_content": Field(text(most=20_480), default=""), "remark": _REMARK}),
    "backend_api": Field(lambda value: isinstance(value, dict)),
    "req_params": Field(inside=_REQUEST, many=True, default=[]),
    "backend_params": Field(inside=_BACKEND, many=True, default=[]),
    "tags": Field(texts(rf"[A-Za-z{_CHINESE}][A-Za-z0-9{_CHINESE}*#%.:_-]{{0,127}}", 10), default=[]),
    "remark": _REMARK,
    "body_remark": Field(text(most=20_480)),
    "result_normal_sample": Field(text(most=20_480)),
    "result_failure_sample": Field(text(most=20_480)),
}
