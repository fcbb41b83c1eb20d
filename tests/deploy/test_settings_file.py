"""The settings file of the operations guide: systemd and the shell read the same in it, and Lander starts with that."""

import re
import subprocess
from pathlib import Path

from lander.config import load_settings

GUIDE = Path(__file__).parents[2] / "docs/it/operations.md"
SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz"


def read_as_systemd(text: str) -> dict[str, str]:
    """`EnvironmentFile`: a comment is a line that begins with # or ;, and everything behind the = is the value."""
    lines = [line for line in text.splitlines() if line and line[0] not in "#;"]
    return dict(line.split("=", 1) for line in lines)


def read_as_shell(file: Path) -> dict[str, str]:
    done = subprocess.run(
        ["sh", "-c", 'set -a; . "$1"; env', "sh", str(file)], env={}, capture_output=True, text=True, check=True
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in found.items() if name.startswith("LANDER_")}


def test_systemd_and_the_shell_read_the_same_settings(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```sh\n(LANDER_DATA_DIR=.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    file = tmp_path / "lander.env"
    file.write_text(block.replace("…", SECRET), encoding="utf-8")
    read = read_as_systemd(file.read_text(encoding="utf-8"))
    assert read == read_as_shell(file)
    settings = load_settings(read)
    assert (settings.secret_keys, settings.proxies) == ((SECRET,), ("unix",))


def test_every_file_that_the_settings_name_is_made_by_a_step() -> None:
    steps = re.findall(r"^install .*$", GUIDE.read_text(encoding="utf-8"), re.M)
    for path in ("/var/lib/lander", "/etc/lander/lander.env", "/etc/lander/policy.toml"):
        assert any(path in step.split() for step in steps), path
