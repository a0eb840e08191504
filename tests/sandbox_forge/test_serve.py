import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from sandbox_forge.forges import NO_TLS, REPO, Forge, SteppedClock, seed
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.sandbox.forge.app import create_app
from bot.sandbox.forge.serve import serve
from bot.sandbox.forge.state import ForgeState


def test_a_server_is_up_at_once_and_gone_quickly(tmp_path: Path):
    state = ForgeState.create(tmp_path, SteppedClock())
    seed(state)
    with serve(create_app(state)) as served, httpx.Client(base_url=served.base_url, verify=NO_TLS) as client:
        headers = {"Authorization": "Bearer bot-token"}
        assert client.get(f"/api/v3{REPO}", headers=headers).status_code == 200
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 5  # 0.1 to 0.3 s on an idle machine
    assert f"serve-{served.port}" not in {thread.name for thread in threading.enumerate()}


def test_other_routes_live_beside_the_forge(tmp_path: Path):
    state = ForgeState.create(tmp_path, SteppedClock())

    async def page(request: object) -> PlainTextResponse:
        del request
        return PlainTextResponse("hello")

    with serve(create_app(state, beside=[Route("/agency-page", page)])) as served:
        assert httpx.get(served.base_url + "/agency-page", verify=NO_TLS).text == "hello"
        assert httpx.get(served.base_url + "/api/v3/rate_limit", verify=NO_TLS).status_code == 200


def test_many_clients_at_once_lose_nothing(forge: Forge):
    rest = forge.rest()

    def open_issue(number: int) -> int:
        return int(rest.post(f"{REPO}/issues", json={"title": str(number)}).json()["number"])

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(open_issue, range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_concurrent_moves_of_a_branch_let_exactly_one_win(forge: Forge):
    main = forge.repository.git.branch("main")
    shas = [forge.branch(f"b{number}", {"a": str(number).encode()}) for number in range(6)]
    rest = forge.rest()
    rest.post(f"{REPO}/git/refs", json={"ref": "refs/heads/race", "sha": main})

    def move(sha: str) -> int:
        return rest.patch(f"{REPO}/git/refs/heads/race", json={"sha": sha}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(move, shas)) == [200] + [422] * 5


def test_the_forge_says_nothing_on_its_own(tmp_path: Path):
    program = (
        "import sys, pathlib, httpx\n"
        "from bot.model.clock import SystemClock\n"
        "from bot.sandbox.forge.app import create_app\n"
        "from bot.sandbox.forge.serve import serve\n"
        "from bot.sandbox.forge.state import ForgeState\n"
        "state = ForgeState.create(pathlib.Path(sys.argv[1]), SystemClock())\n"
        "state.create_repository('a', 'b', {'x': b'y'})\n"
        "with serve(create_app(state)) as served:\n"
        "    print(httpx.get(served.base_url + '/api/v3/repos/a/b').status_code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path / "forge")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
