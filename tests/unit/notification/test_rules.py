"""Pure rules of webhooks: signatures, retries, addresses, and who wants what."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import aiohttp
import pytest
import standardwebhooks.webhooks
from hypothesis import given
from hypothesis import strategies as st

from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.foundation.security.webhooks import SignatureError, new_secret, signed_headers, verify_signature
from waqiti.services.notification.domain.deliveries import (
    EVENT_FORGOTTEN,
    LONGEST_ASKED,
    PAUSES,
    Answer,
    Ending,
    ending,
    rest_of,
    room_per_endpoint,
)
from waqiti.services.notification.domain.endpoints import checked_url, may_connect, wanted_types, wants
from waqiti.services.notification.domain.vault import Vault, VaultError
from waqiti.services.notification.store.endpoints import Wanting
from waqiti.services.notification.usecases.following import deliveries_of
from waqiti.services.notification.usecases.sending import error_code

# The example of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1_614_265_330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_signed_as_the_specification_says() -> None:
    assert signed_headers([SECRET], ID, AT, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_a_signature_of_either_secret_verifies_and_of_no_other() -> None:
    old, new = new_secret(), new_secret()
    headers = signed_headers([new, old], ID, datetime.now(UTC), BODY)
    capitals = {name.title(): value for name, value in headers.items()}

    for secret in (old, new):
        verify_signature(secret, capitals, BODY)
    for secret, body in ((new_secret(), BODY), (old, BODY + b" ")):
        with pytest.raises(SignatureError):
            verify_signature(secret, headers, body)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-timestamp": str(int((datetime.now(UTC) - timedelta(minutes=6)).timestamp()))},
        {"webhook-timestamp": "soon"},
        {"webhook-id": "another"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,*"},
        {"webhook-signature": ""},
    ],
)
def test_an_old_or_odd_message_is_refused(changed: dict[str, str]) -> None:
    headers = signed_headers([SECRET], ID, datetime.now(UTC), BODY)

    with pytest.raises(SignatureError):
        verify_signature(SECRET, headers | changed, BODY)
    with pytest.raises(SignatureError):
        verify_signature(SECRET, headers, b"\xff")


def test_the_package_signs_as_we_expect_of_it() -> None:
    assert standardwebhooks.webhooks.Webhook(SECRET).sign(ID, AT, BODY.decode()) == SIGNATURE


@pytest.mark.parametrize(("before", "pause"), list(enumerate(PAUSES)))
def test_retries_are_further_and_further_apart_within_a_fifth(before: int, pause: timedelta) -> None:
    answer = Answer(took_ms=1, status_code=500)

    assert ending(answer, before, 0.5) == Ending(status="pending", pause=pause)
    assert ending(answer, before, 0.0).pause == pause * 0.8
    assert ending(answer, before, 1.0).pause == pause * 1.2


@pytest.mark.parametrize(
    ("answer", "before", "expected"),
    [
        (Answer(took_ms=1, status_code=200), 0, Ending(status="delivered")),
        (Answer(took_ms=1, status_code=204), 8, Ending(status="delivered")),
        (Answer(took_ms=1, status_code=500), 8, Ending(status="failed")),
        (Answer(took_ms=1, error="timeout"), 8, Ending(status="failed")),
        (Answer(took_ms=1, status_code=410), 0, Ending(status="failed", gone=True)),
        (Answer(took_ms=1, error=EVENT_FORGOTTEN), 0, Ending(status="failed")),
    ],
)
def test_a_delivery_ends_with_success_with_the_ninth_attempt_or_with_who_is_gone(
    answer: Answer, before: int, expected: Ending
) -> None:
    assert ending(answer, before, 0.5) == expected


def test_a_receiver_that_asks_to_wait_is_waited_for_an_hour_at_most() -> None:
    def pause(seconds: float) -> timedelta | None:
        return ending(Answer(took_ms=1, status_code=429, retry_after_seconds=seconds), 0, 0.5).pause

    assert pause(1) == PAUSES[0]
    assert pause(90) == timedelta(seconds=90)
    assert pause(1e9) == LONGEST_ASKED


@given(st.integers(min_value=0, max_value=20))
def test_each_endpoint_has_room_and_all_together_no_more_than_32(endpoints: int) -> None:
    assert 1 <= room_per_endpoint(endpoints) <= 4
    assert room_per_endpoint(endpoints) * endpoints <= 32


def test_an_endpoint_in_trouble_is_left_alone_for_longer_and_longer_up_to_a_minute() -> None:
    rests = [rest_of(failures).total_seconds() for failures in range(1, 14)]

    assert rests == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_an_endpoint_is_sent_what_it_wants() -> None:
    assert wanted_types(["payment.failed", "payment.captured", "payment.failed"]) == [
        "payment.failed",
        "payment.captured",
    ]
    assert wanted_types(["payment.failed", "*"]) == ["*"]
    assert wants(["*"], "payment.captured")
    assert wants(["payment.captured"], "payment.captured")
    assert not wants(["payment.captured"], "payment.refunded")


def test_each_event_makes_a_delivery_to_each_endpoint_that_wants_it() -> None:
    everything, refunds = Wanting(new_id(), ["*"]), Wanting(new_id(), ["payment.refunded"])
    rows: Any = [_Row(new_id(), "payment.captured"), _Row(new_id(), "payment.refunded")]
    made = deliveries_of(rows, [everything, refunds])

    assert [(one.event_id, one.endpoint_id) for one in made] == [
        (rows[0].id, everything.id),
        (rows[1].id, everything.id),
        (rows[1].id, refunds.id),
    ]
    assert len({one.id for one in made}) == 3


class _Row:
    def __init__(self, identifier: object, kind: str) -> None:
        self.id = identifier
        self.type = kind


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/webhooks",
        "http://shop.example:8080/a?b=c",
        "https://203.0.113.7.example/",
        "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]/",
    ],
)
def test_an_address_out_there_may_be_an_endpoint(url: str) -> None:
    assert checked_url(url, private_targets=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example/",
        "ftp://shop.example/",
        "https://",
        "https:///path",
        "https://user@shop.example/",
        "https://user:word@shop.example/",
        "https://@shop.example/",
        "https://shop.example/#part",
        "https://shop.example:99999/",
        "https://shop.example:0/",
        "https://shop.example:x/",
        "https://shop.example/a b",
        "https://shop.example\\@evil.example/",
        "https://shop.example/\n",
        "https://b\u00fccher.example/",
        "https://[::1",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0.0.0.0/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://224.0.0.1/",
        "https://" + "a" * 2_000,
    ],
)
@pytest.mark.parametrize("private_targets", [True, False])
def test_an_address_that_makes_no_sense_may_be_none(url: str, private_targets: bool) -> None:
    with pytest.raises(Problem) as refused:
        checked_url(url, private_targets=private_targets)
    assert (refused.value.status, refused.value.errors[0].pointer) == (422, "/url")


LOCAL = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
]
NEVER = [
    *("0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.0.192", "::", "ff02::1", "2001:db8::1"),  # noqa: S104
    # Where clouds keep credentials, in every embedding.
    *("169.254.169.254", "169.254.0.1", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "febf::1"),
    *("::ffff:169.254.169.254", "::ffff:100.100.100.200", "64:ff9b::a9fe:a9fe", "::a9fe:a9fe", "::ffff:0:a9fe:a9fe"),
    *("64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::", "2001:0:808:808::5601:5601"),
    # Not what they seem to be: local NAT64, 6to4, Teredo, IPv4-compatible and -translated, site-local.
    *("64:ff9b:1::7f00:1", "64:ff9b:1::808:808", "64:ff9b:1:ffff::1", "2002:7f00:1::", "2002:808:808::1"),
    *("2001:0:7f00:1::1", "2001:0:808:808::f7f7:f7f7", "::127.0.0.1", "::8.8.8.8", "::ffff:0:7f00:1"),
    *("::ffff:0:808:808", "fec0::1", "feff::1", "64:ff9c::1", "4000::1"),
]
GLOBAL = ["8.8.8.8", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", LOCAL)
def test_a_local_address_is_reached_only_where_that_is_set(address: str) -> None:
    assert not may_connect(ip_address(address), private_targets=False)
    assert may_connect(ip_address(address), private_targets=True)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_reached(address: str) -> None:
    assert not may_connect(ip_address(address), private_targets=True)
    assert not may_connect(ip_address(address), private_targets=False)


@pytest.mark.parametrize("address", GLOBAL)
def test_a_global_address_is_reached(address: str) -> None:
    assert may_connect(ip_address(address), private_targets=False)
    assert may_connect(ip_address(address), private_targets=True)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "api.localhost"])
def test_local_names_are_local(host: str) -> None:
    checked_url(f"http://{host}/", private_targets=True)
    with pytest.raises(Problem):
        checked_url(f"http://{host}/", private_targets=False)


def test_what_is_sealed_opens_with_its_key_at_its_place_only() -> None:
    key, other = "A" * 43 + "=", "B" * 42 + "A="
    sealed = Vault(key).seal(b"whsec_x", b"here")

    assert b"whsec_x" not in sealed
    assert Vault(key).open(sealed, b"here") == b"whsec_x"
    assert Vault(key).seal(b"whsec_x", b"here") != sealed
    for vault, place in ((Vault(key), b"there"), (Vault(other), b"here")):
        with pytest.raises(VaultError):
            vault.open(sealed, place)


@pytest.mark.parametrize("key", ["", "no base64!", "AAAA"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(VaultError):
        Vault(key)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimeoutError(), "timeout"),
        (aiohttp.ServerDisconnectedError(), "connection_failed"),
        (aiohttp.InvalidURL("x"), "address_unreadable"),
        (PermissionError(13, "no"), "target_refused"),
        (ConnectionResetError(), "connection_failed"),
        (aiohttp.ClientPayloadError(), "unreadable_answer"),
    ],
)
def test_what_goes_wrong_has_a_name(error: Exception, code: str) -> None:
    assert error_code(error) == code
