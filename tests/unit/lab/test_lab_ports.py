import socket

import pytest

from lab.errors import LabError
from lab.ports import Ports


def test_the_usual_ports() -> None:
    assert Ports.from_environment({}) == Ports(7071, 7090, 7091, 10000, 7025)


def test_the_tls_port_follows_the_lab_api() -> None:
    assert Ports.from_environment({"LAB_SIM_PORT": "8000"}).tls == 8001
    assert Ports.from_environment({"LAB_SIM_PORT": "8000", "LAB_TLS_PORT": "9"}).tls == 9


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "7071 "])
def test_a_wrong_port_names_its_variable(text: str) -> None:
    with pytest.raises(LabError, match="LAB_HOST_PORT is '"):
        Ports.from_environment({"LAB_HOST_PORT": text})


def test_free_ports_are_different_and_free() -> None:
    ports = Ports.free()
    assert len({ports.host, ports.api, ports.tls, ports.blob, ports.smtp}) == 5
    ports.check()


def test_a_port_in_use_is_one_line_that_says_how_to_move_it() -> None:
    ports = Ports.free()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.blob))
        taken.listen()
        with pytest.raises(LabError) as caught:
            ports.check()
    message = str(caught.value)
    assert message.startswith(f"Port {ports.blob} is in use; it is for Azurite, the Blob storage.")
    assert "LAB_BLOB_PORT=" in message
    assert "\n" not in message
