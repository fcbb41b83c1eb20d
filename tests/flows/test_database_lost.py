"""A node whose database file is lost: it starts, serves what is on its disk, and goes on once the backup is back."""

from pathlib import Path

from tests.live import Lander, lander_at, served

HOST = "go.localhost"


def publish(lander: Lander, slug: str, folder: Path) -> None:
    file = folder / f"{slug}.html"
    file.write_text(
        f'<!doctype html><html lang="en"><head><title>{slug}</title></head><body><h1>{slug}</h1></body></html>'
    )
    lander.ok("page", "import", "--site", HOST, "--slug", slug, "--variant", "a", str(file))
    lander.ok("page", "publish", "--site", HOST, "--slug", slug)
    lander.wait_until_live(HOST, slug)


def test_pages_are_served_without_it_and_nothing_takes_its_place(tmp_path: Path) -> None:
    data_dir, backup = tmp_path / "var", tmp_path / "backup"
    data_dir.mkdir()
    backup.mkdir()
    with lander_at(data_dir) as lander:
        lander.ok("site", "add", HOST, "--core-site", "www.localhost")
        publish(lander, "spring-sale", tmp_path)
    for file in data_dir.glob("lander.db*"):
        file.rename(backup / file.name)
    with served(data_dir) as lander:
        assert b"spring-sale" in lander.wait_for(HOST, "/spring-sale")
        lander.wait_for(HOST, "/readyz")
        lander.wait_for("studio.localhost", "/readyz", status=503)
        assert "Restore its backup." in (data_dir / "serve.log").read_text()
        assert list(data_dir.glob("lander.db*")) == []
        for file in backup.iterdir():
            file.rename(data_dir / file.name)
        publish(lander, "autumn-sale", tmp_path)
        assert b"spring-sale" in lander.wait_for(HOST, "/spring-sale")
