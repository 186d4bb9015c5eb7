"""Addresses of databases: options, encryption, and no password where it could be read."""

from __future__ import annotations

import logging
import ssl
import subprocess
import traceback

import pytest

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import RatingStore, read_chain
from napari_latent_explain.review.address import place_name, read_address
from napari_latent_explain.review.database import open_database
from postgresql_server import PASSWORD, USER


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("postgresql://user:canary@host:5433/site", "host:5433/site"),
        ("postgresql://user:can@ary@host/site?password=canary", "host/site"),
        ("postgresql://user:canary@/site?host=/run/postgresql", "this machine/site"),
        ("postgresql://user:canary", "The database"),
        ("://canary", "The database"),
        ("raters/r1.sqlite", "raters/r1.sqlite"),
    ],
)
def test_what_a_place_is_called(address, name):
    assert place_name(address) == name


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://user:canary", "can't be read"),
        ("postgresql://user:canary:host/site", "can't be read"),
        ("postgresql://user:can@ary@host/site", "more than one @; write %40"),
        ("mysql://user:canary@host/site", "not in mysql"),
        ("postgresql://host/canary", "names no user"),
        ("postgresql://user:canary@host", "names no name"),
        ("postgresql://user@host/site?password=canary", "the option 'password', which is not known"),
        ("postgresql://user:canary@host/site?sslmode=sometimes", "'sometimes' is no sslmode"),
        ("postgresql://user:canary@host/site?sslrootcert=/no/such.pem", "certificate named in the address"),
    ],
)
def test_addresses_that_are_refused_are_not_repeated(study, address, words):
    with pytest.raises(StudyError, match=words) as caught:
        RatingStore.open(address, study, "r1")
    assert "canary" not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize(
    ("options", "verify", "names"),
    [
        ("sslmode=require", ssl.CERT_NONE, False),
        ("sslmode=verify-ca&sslrootcert=system", ssl.CERT_REQUIRED, False),
        ("sslrootcert=system", ssl.CERT_REQUIRED, True),
        ("", ssl.CERT_NONE, False),
    ],
)
def test_another_machine_is_spoken_to_encrypted(options, verify, names):
    context = read_address(f"postgresql://user@host.example/site?{options}").arguments["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (verify, names)


@pytest.mark.parametrize(
    ("address", "context"),
    [
        ("postgresql://user@localhost/site", None),
        ("postgres://user@127.0.0.1/site?sslmode=prefer", None),
        ("postgresql+pg8000://user@host.example/site?sslmode=disable", False),
        ("postgresql://user@/site?host=/run/postgresql", False),
    ],
)
def test_where_it_need_not_be(address, context):
    assert read_address(address).arguments["ssl_context"] is context


def test_a_password_from_the_environment(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "canary")
    found = read_address("postgresql://user@host/site")
    given = read_address("postgresql://user:given@host/site")
    assert [found.url.password, given.url.password] == ["canary", "given"]
    assert "canary" not in repr(found) + str(found.url)


@pytest.mark.postgres
def test_passwords_are_in_no_message_log_or_repr(server, study, address, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    store = RatingStore.open(address, study, "r1")
    store.append("opened")
    said = [repr(store), repr(vars(store)), repr(store._connection.engine), repr(store._connection)]
    for place in (
        address.replace("/site", "/nowhere"),
        address.replace(f":{server.port}", ":1"),
        server.address("site", key="canary-wrong"),
        address,
    ):
        with pytest.raises(StudyError) as caught:
            RatingStore.open(place, study, "r1")
        said += traceback.format_exception(caught.value)
    store.close()
    said += [caplog.text, *capfd.readouterr()]
    for secret in (PASSWORD, "canary-Pa55", "canary-wrong"):
        assert not [text for text in said if secret in text]


@pytest.mark.postgres
def test_encryption_with_a_real_certificate(server, study, tmp_path):
    if not server.tls:
        pytest.skip("needs openssl, to make a certificate")
    address = server.empty_database()
    named = address.replace("127.0.0.1", "localhost")

    def encrypted(place):
        connection = open_database(place)
        found = connection.exec_driver_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").scalar_one()
        connection.close()
        return found

    assert not encrypted(f"{address}?sslmode=disable")
    for options in ("", "?sslmode=require", f"?sslmode=verify-ca&sslrootcert={server.certificate}"):
        assert encrypted(address + options)
    assert encrypted(f"{named}?sslrootcert={server.certificate}")
    other = tmp_path / "other.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", tmp_path / "other.key", "-out", other], check=True, capture_output=True)
    for place in (
        f"{named}?sslrootcert={other}",
        f"{address}?sslrootcert={server.certificate}",
        f"{named}?sslmode=verify-full",
    ):
        with pytest.raises(StudyError, match="has a certificate that is not trusted"):
            RatingStore.open(place, study, "r1")
    assert read_chain(f"{address}?sslmode=require") == ()
    with server.without_tls(), pytest.raises(StudyError, match=r"offers no encryption; add \?sslmode=disable"):
        RatingStore.open(f"{address}?sslmode=require", study, "r1")


@pytest.mark.postgres
def test_a_unix_socket(server, study, address):
    place = f"postgresql://{address.split('//')[1].split('@')[0]}@:{server.port}/site?host={server.folder}"
    RatingStore.open(place, study, "r1").close()
    assert USER in place
