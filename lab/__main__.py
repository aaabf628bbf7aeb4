"""The lab's commands: `demo`, `up`, `play`, `scenarios`, `backtest`, `bench`, `chaos`, `scale`.

Exit status: 0 all well; 1 the scenario's expectation (or, with `--check`, that of labels) did not
hold; 2 the lab could not start or the command was wrong; 130 interrupted.
"""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from rich.console import Console

from lab.backtest.command import run_backtest
from lab.bench.command import run_bench
from lab.bench.cost import run_cost
from lab.bench.storm import run_storm
from lab.chaos.command import run_chaos
from lab.client import LabCallError
from lab.console.overview import show_running_lab, show_scenarios
from lab.console.terminal import make_console
from lab.demo import run_demo, run_play
from lab.environment import repository_root
from lab.errors import LabError
from lab.scale.command import SEED, run_scale
from lab.scenarios.loader import ScenarioError
from lab.stack import Lab

CANNOT = 2
INTERRUPTED = 130


def main() -> int:
    """Run one command."""
    arguments = _parse()
    console = make_console()
    folder = repository_root() / ".lab"
    if arguments.command != "backtest":
        _log_to_file(folder / "logs" / "lab.log")
    try:
        match arguments.command:
            case "backtest":
                return run_backtest(
                    console,
                    arguments.data,
                    folder=folder,
                    addresses=arguments.addresses,
                    against=arguments.against,
                    check=arguments.check,
                )
            case "demo":
                return asyncio.run(run_demo(console, arguments.scenario))
            case "play":
                return asyncio.run(run_play(console, arguments.scenario))
            case "bench":
                if arguments.cost:
                    return asyncio.run(run_cost(console, folder))
                if arguments.storm:
                    return asyncio.run(run_storm(console, folder, incidents=arguments.storm))
                return asyncio.run(run_bench(console, folder, quick=arguments.quick))
            case "chaos":
                return asyncio.run(
                    run_chaos(
                        console,
                        folder,
                        seed=arguments.seed,
                        cases=arguments.cases,
                        only=arguments.round,
                    )
                )
            case "scale":
                return run_scale(console, folder, seed=arguments.seed)
            case "up":
                return asyncio.run(_stay_up(console))
        show_scenarios(console)
    except (LabError, ScenarioError, LabCallError) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab", description="The lab on your laptop.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="start a lab, play one scenario, check what came of it")
    commands.add_parser("up", help="keep the lab running until Ctrl-C")
    play = commands.add_parser("play", help="play one scenario in the lab that `up` runs")
    for command in (demo, play):
        command.add_argument("--scenario", default="brute-force-success", metavar="NAME")
    commands.add_parser("scenarios", help="list the scenarios")
    backtest = commands.add_parser("backtest", help="judge recorded sign-ins")
    backtest.add_argument("--data", type=Path, required=True, help="a log file or a folder")
    backtest.add_argument(
        "--addresses", type=Path, action="append", default=[], help="address facts: .csv or .mmdb"
    )
    backtest.add_argument("--against", type=Path, help="an earlier backtest.json to compare with")
    backtest.add_argument(
        "--check", action="store_true", help="fail when detections differ from the labels"
    )
    bench = commands.add_parser("bench", help="measure latency, cost and start of the app")
    bench.add_argument("--quick", action="store_true", help="measure fewer cases")
    bench.add_argument("--cost", action="store_true", help="count what one case costs, only")
    bench.add_argument("--storm", type=int, help="send so many incidents in a minute instead")
    chaos = commands.add_parser("chaos", help="run many cases while everything breaks")
    chaos.add_argument("--cases", type=int, default=60, help="how many cases")
    chaos.add_argument("--seed", type=int, default=1, help="the same seed is the same plan")
    chaos.add_argument("--round", type=int, help="play this round of the plan only")
    scale = commands.add_parser("scale", help="simulate an hour of small and large tenants")
    scale.add_argument("--seed", type=int, default=SEED, help="the same seed is the same table")
    return parser.parse_args()


def _log_to_file(path: Path) -> None:
    """The host runs in this process: its log belongs beside the others, not on the screen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=path,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


async def _stay_up(console: Console) -> int:
    console.print("Starting the lab")
    async with Lab(report=lambda line: console.print(f"  {line}")) as lab:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        show_running_lab(
            console,
            urls=lab.urls,
            key=lab.function_key,
            system_key=lab.host.system_key,
            mode=lab.mode,
        )
        await stop.wait()
        console.print("Stopping the lab")
    return 0


if __name__ == "__main__":
    sys.exit(main())
