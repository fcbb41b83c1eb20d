"""How long Maya waits for her leads: ten thousand of them in the database, listed, filtered and searched.

    python -P bench/leads.py

Everything between the request and the answer is in it, in one process on SQLite: the query, opening what is shown, the
template. The aim is 200 ms for each.
"""

import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lander import migrations
from lander.access.models import Role
from lander.access.signin import start_session
from lander.access.users import add_user
from lander.config import load_settings
from lander.db import make_engine, transaction
from lander.factory import create_studio
from lander.leads.models import Lead
from lander.pages.models import Page
from lander.pages.sites import add_site
from lander.vault import Vault

LEADS, PAGES, ROUNDS = 10_000, 20, 15
WORDS = ("a blue bumper", "two buggies", "call me after six", "my old car", "a roof, please")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lander-bench-leads-") as folder:
        settings = load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": folder})
        engine = make_engine(f"sqlite:///{Path(folder) / 'lander.db'}")
        migrations.upgrade(engine)
        now, vault = datetime.now(UTC), Vault(settings.secret_keys)
        with transaction(engine) as session:
            site = add_site(session, settings, host="go.localhost", core_site="www.localhost", actor="bench", now=now)
            pages = [
                Page(site_id=site.id or 0, slug=f"page-{number}", created_at=now, created_by="bench")
                for number in range(PAGES)
            ]
            session.add_all(pages)
            session.flush()
            session.add_all(_make_lead(number, pages[number % PAGES], vault, now) for number in range(LEADS))
            user = add_user(
                session,
                name="maya",
                role=Role.MARKETER,
                password="correct horse battery staple",
                actor="bench",
                now=now,
            )
            cookie = start_session(session, user, network="127.0.0.0/24", now=now)
        browser = create_studio(settings, engine).test_client(use_cookies=False)
        for name, path in {
            "the list": "/leads",
            "filtered by page, source and stage": "/leads?page=page-3&source=google&stage=new",
            "an e-mail address": "/leads?q=otto7%40example.com",
            "words that many have": "/leads?q=bumper",
            "words that nobody has": "/leads?q=submarine",
            "one lead": f"/leads/{7:032x}",
        }.items():
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                answer = browser.get(
                    path, base_url="http://studio.localhost:8000", headers={"Cookie": f"studio={cookie}"}
                )
                times.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.status
            line = {
                "what": name,
                "leads": LEADS,
                "median_ms": round(statistics.median(times)),
                "longest_ms": round(max(times)),
            }
            print(json.dumps(line))
        engine.dispose()


def _make_lead(number: int, page: Page, vault: Vault, now: datetime) -> Lead:
    lead_id, email = f"{number:032x}", f"otto{number}@example.com"
    fields = {"email": email, "name": f"Otto {number}", "message": WORDS[number % len(WORDS)]}
    touch = {"query": "utm_source=google&gclid=AbC", "click_ids": {"gclid": "AbC"}}
    return Lead(
        id=lead_id,
        page_id=page.id or 0,
        host="go.localhost",
        path=f"/{page.slug}",
        form="f1",
        variant="ab"[number % 2],
        sealed=vault.seal(json.dumps(fields), context=lead_id),
        touch=vault.seal(json.dumps(touch), context=f"{lead_id} touch"),
        email_index=vault.blind_index(email),
        campaign={"utm_source": ("google", "bing", "mail")[number % 3], "utm_campaign": f"campaign-{number % 40}"},
        stage=("new", "qualified", "won", "lost")[number % 4],
        spam=number % 50 == 0,
        received_at=now - timedelta(minutes=number),
    )


if __name__ == "__main__":
    main()
