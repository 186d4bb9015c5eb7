"""Every failure of a server is said in one sentence that tells what to do."""

from __future__ import annotations

import socket
import threading

import pytest
from pg8000.exceptions import DatabaseError

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import RatingStore, read_chain
from napari_latent_explain.review.causes import sentence

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(study, address):
    made = RatingStore.open(address, study, "r1")
    made.append("opened")
    yield made
    made.close()


def _said(attempt):
    with pytest.raises(StudyError) as caught:
        attempt()
    said = str(caught.value)
    assert "\n" not in said
    assert "{" not in said  # what pg8000 hands on is a dictionary
    return said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": "wrong"}, "refuses this user or password"),
        ({"key": ""}, "refuses this user or password"),
        ({"user": "nobody"}, "refuses this user or password"),
        ({"database": "nowhere"}, "is not there: the server has no database of this name"),
        ({"port": 1}, "can't be reached; look whether the server runs"),
    ],
)
def test_what_is_wrong_with_an_address(server, study, address, change, words):
    wrong = server.address(**{"database": "site"} | change)
    assert words in _said(lambda: RatingStore.open(wrong, study, "r1"))
    assert words in _said(lambda: read_chain(wrong))


def test_a_database_without_answers_is_not_made_by_reading(server, address):
    assert "holds no answers" in _said(lambda: read_chain(address))
    assert server.execute(address, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [[0]]


@pytest.mark.parametrize("kind", ["words", "noise", "silence"])
def test_another_kind_of_server(study, kind):
    answer = {"words": b"HTTP/1.1 400 Bad Request\r\n\r\n", "noise": bytes(range(256)), "silence": b""}[kind]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take():
            near, _ = listener.accept()
            near.recv(1000)
            near.sendall(answer)
            near.close()

        threading.Thread(target=take, daemon=True).start()
        place = f"postgresql://r:canary@127.0.0.1:{listener.getsockname()[1]}/site?sslmode=disable"
        assert "not as PostgreSQL does" in _said(lambda: RatingStore.open(place, study, "r1"))


@pytest.mark.parametrize("right", ["INSERT ON log", "UPDATE ON chains"])
def test_no_right_to_write(server, store, right):
    server.execute("site", f"REVOKE {right} FROM rater")
    assert "does not give this user the right" in _said(lambda: store.append("paused"))
    server.execute("site", f"GRANT {right} TO rater")
    store.append("paused")


def test_no_right_to_make_tables(server, study, address):
    server.execute("site", "ALTER SCHEMA public OWNER TO chief", "GRANT USAGE ON SCHEMA public TO rater")
    assert "does not give this user the right" in _said(lambda: RatingStore.open(address, study, "r1"))


def test_who_may_only_read_can_read(server, store):
    store.close()
    server.execute(
        "site", "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'r'",
        "GRANT USAGE ON SCHEMA public TO reader", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    )  # fmt: skip
    try:
        assert [len(chain) for chain in read_chain(server.address("site", user="reader", key="r"))] == [1]
    finally:
        server.execute("site", "DROP OWNED BY reader", "DROP ROLE reader")


def test_read_only(server, study, store, address):
    store.close()
    server.execute("site", "ALTER ROLE rater SET default_transaction_read_only = on")
    try:
        again = RatingStore.open(address, study, "r1")
        assert "can't be written" in _said(lambda: again.append("paused"))
        again.close()
        assert len(read_chain(address)[0]) == 1
    finally:
        server.execute("site", "ALTER ROLE rater RESET default_transaction_read_only")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("53100", "there is no room left"),
        ("57014", "takes too long; nothing was written"),
        ("55P03", "held by reviews that are open there"),
        ("XX000", "can't be used (an accident); nothing that was kept before is lost"),
    ],
)
def test_what_can_not_be_brought_about_here(server, store, code, words):
    """The server raises these from a trigger: true in form, not in cause."""
    server.execute(
        "site",
        "CREATE FUNCTION accident() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'an accident' USING ERRCODE = '{code}'; END $$",
        "CREATE TRIGGER accident BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION accident()",
    )
    assert words in _said(lambda: store.append("paused"))
    server.execute("site", "DROP TRIGGER accident ON log")
    store.append("paused")


def test_append_only(server, store):
    with pytest.raises(DatabaseError) as caught:
        server.execute("site", "DELETE FROM log")
    assert sentence("site", caught.value) == "site keeps what was said: records can't be changed or deleted."
