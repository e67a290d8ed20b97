from __future__ import annotations

import pytest
from django.test import RequestFactory

from accounts.address import client_address, network


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "client"),
    [
        (0, "192.0.2.1", "", "192.0.2.1"),
        (0, "192.0.2.1", "198.51.100.7", "192.0.2.1"),  # anybody can send the header
        (1, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.1", "203.0.113.66, 198.51.100.7", "198.51.100.7"),  # the left one is the client's own word
        (2, "10.0.0.1", "203.0.113.66, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (2, "10.0.0.1", "198.51.100.7", "10.0.0.1"),  # came through one proxy only
        (1, "10.0.0.1", "nonsense", "10.0.0.1"),
        (1, "10.0.0.1", "198.51.100.7:40123", "198.51.100.7"),
        (1, "10.0.0.1", "[2001:db8::7]:40123", "2001:db8::7"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
        (0, "", "", "unknown"),  # a unix socket
    ],
)
def test_client_address(settings, proxies, peer, forwarded, client):
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **headers)) == client


@pytest.mark.parametrize(
    ("address", "counted"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("unknown", "unknown")],
)
def test_network_is_what_one_customer_holds(address, counted):
    assert network(address) == counted
