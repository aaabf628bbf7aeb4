"""Run the simulators: ``python -m lab.simulators --sim-port 7090``."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from lab.simulators.config import SimulatorSettings
from lab.simulators.server import Simulators


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab.simulators", description=__doc__)
    sim_port = int(os.environ.get("LAB_SIM_PORT") or "7090")
    parser.add_argument("--sim-port", type=int, default=sim_port, help="lab API, plain http")
    parser.add_argument("--tls-port", type=int, help="vendors, TLS; default: --sim-port + 1")
    smtp_port = int(os.environ.get("LAB_SMTP_PORT") or "7025")
    parser.add_argument("--smtp-port", type=int, default=smtp_port, help="mail")
    parser.add_argument("--state-dir", type=Path, default=Path(".lab"), help="certificates, GeoIP")
    help_delay = "seconds an IP group update takes"
    parser.add_argument("--ip-group-delay", type=float, default=0.3, help=help_delay)
    parser.add_argument("--keep-certificates", action="store_true", help="use those that are there")
    help_needs = "part that must listen on 127.0.0.1 before /_lab/health is 200"
    parser.add_argument(
        "--needs", action="append", default=[], metavar="NAME=PORT", help=help_needs
    )
    arguments = parser.parse_args()
    if arguments.tls_port is None:
        arguments.tls_port = int(os.environ.get("LAB_TLS_PORT") or arguments.sim_port + 1)
    return arguments


async def _run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulators = Simulators(
        SimulatorSettings(),
        sim_port=arguments.sim_port,
        tls_port=arguments.tls_port,
        smtp_port=arguments.smtp_port,
        state_dir=arguments.state_dir,
        delay=arguments.ip_group_delay,
        keep_certificates=arguments.keep_certificates,
        needs={name: int(port) for name, _, port in (n.partition("=") for n in arguments.needs)},
    )
    try:
        await simulators.start()
        await stop.wait()
    finally:
        await simulators.stop()


def main() -> None:
    """Serve until SIGINT or SIGTERM; a port in use is one clear line and exit code 1."""
    arguments = _arguments()
    try:
        asyncio.run(_run(arguments))
    except OSError as error:
        sys.exit(f"lab.simulators: {error.strerror or error}; choose other ports (see --help)")


if __name__ == "__main__":
    main()
