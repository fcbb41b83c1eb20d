"""Who may do what, route by route: the table below is what is promised, and a route without a line in it fails.

`yes`: the request gets to its view. `no`: it is told that this role may not. `in`: it is asked to sign in first, which
for nobody means: without a cookie, with one that is made up, idle for half an hour, twelve hours old, or signed out.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import pytest

from lander.access.models import SignIn
from lander.access.signin import ABSOLUTE, IDLE, csrf_token, end_session, start_session
from lander.access.users import find_user
from lander.db import transaction
from lander.factory import create_studio
from tests.fuzz.grammar import FORM
from tests.fuzz.world import PAGES, PREVIEW, STUDIO, Answer, Request, World
from tests.matrix.rows import Row

PROMISED: Final = """
route                                                   method  nobody  marketer  analyst  it

/                                                       GET     in      yes       yes      yes
/pages                                                  GET     in      yes       yes      yes
/pages/new                                              GET     in      yes       no       no
/pages/new                                              POST    in      yes       no       no
/pages/<path:slug>                                      GET     in      yes       yes      yes
/pages/<path:slug>/copy                                 POST    in      yes       no       no
/pages/<path:slug>/upload                               POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/bring         POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/source        GET     in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/source        POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/edit          GET     in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/edit          POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/edit/preview  GET     in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/name          POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/images        GET     in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/images        POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/images/<int:number>/crop      GET   in  yes  no   no
/pages/<path:slug>/<string(length=1):key>/images/<int:number>/crop      POST  in  yes  no   no
/pages/<path:slug>/<string(length=1):key>/images/<int:number>/thumbnail GET   in  yes  yes  yes
/pages/<path:slug>/<string(length=1):key>/history       GET     in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/compare       GET     in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/restore       POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/undo          POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/share         GET     in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/share         POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/share/revoke  POST    in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/visit         GET     in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/links         GET     in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/links         POST    in      yes       no       no
/schedules                                              GET     in      yes       yes      yes
/schedules/new                                          GET     in      yes       yes      yes
/schedules/new                                          POST    in      yes       no       no
/schedules/<int:number>/cancel                          POST    in      yes       yes      yes
/pages/<path:slug>/<string(length=1):key>/regions       GET     in      yes       no       no
/pages/<path:slug>/<string(length=1):key>/regions       POST    in      yes       no       no
/pages/<path:slug>/publish                              POST    in      yes       no       no
/pages/<path:slug>/rollback                             POST    in      yes       no       no
/pages/<path:slug>/withdraw                             POST    in      yes       no       yes

/pages/<path:slug>/search                               GET     in      yes       no       no
/pages/<path:slug>/search                               POST    in      yes       no       no
/pages/<path:slug>/rename                               GET     in      yes       no       no
/pages/<path:slug>/rename                               POST    in      yes       no       no
/pages/<path:slug>/retire                               GET     in      yes       no       no
/pages/<path:slug>/retire                               POST    in      yes       no       no
/pages/<path:slug>/put-back                             POST    in      yes       no       no
/duplicates                                             GET     in      yes       yes      yes

/redirects                                              GET     in      yes       yes      yes
/redirects/edit                                         GET     in      yes       no       no
/redirects/edit                                         POST    in      yes       no       no
/redirects/remove                                       POST    in      yes       no       no
/redirects/mend                                         POST    in      yes       no       no
/redirects/export                                       GET     in      yes       yes      yes
/redirects/import                                       GET     in      yes       no       no
/redirects/import                                       POST    in      yes       no       no
/redirects/apply                                        POST    in      yes       no       no
/redirects/undo-import                                  POST    in      yes       no       no
/redirects/missing                                      GET     in      yes       yes      yes
/redirects/ignore                                       POST    in      yes       no       no

/snippets                                               GET     in      yes       yes      yes
/snippets                                               POST    in      yes       no       no
/snippets/<name>                                        GET     in      yes       yes      yes
/snippets/<name>                                        POST    in      yes       no       no
/snippets/<name>/restore                                POST    in      yes       no       no
/snippets/<name>/publish                                POST    in      yes       no       no
/bulk                                                   GET     in      yes       yes      yes
/bulk                                                   POST    in      yes       no       no
/bulk/progress                                          GET     in      yes       yes      yes
/bulk/<int:number>                                      GET     in      yes       yes      yes
/bulk/<int:number>/publish                              POST    in      yes       no       no
/bulk/<int:number>/undo                                 POST    in      yes       no       no

/experiments                                            GET     in      yes       yes      yes
/experiments/new                                        GET     in      yes       yes      no
/experiments/new                                        POST    in      yes       yes      no
/experiments/aa                                         GET     in      yes       yes      yes
/experiments/aa                                         POST    in      yes       yes      no
/experiments/aa/plot.json                               GET     in      yes       yes      yes
/experiments/archive                                    GET     in      yes       yes      yes
/experiments/calibration                                GET     in      yes       yes      yes
/experiments/calibration/plot.json                      GET     in      yes       yes      yes
/experiments/<key>                                      GET     in      yes       yes      yes
/experiments/<key>/pause                                GET     in      yes       yes      yes
/experiments/<key>/pause                                POST    in      yes       yes      no
/experiments/<key>/resume                               GET     in      yes       yes      yes
/experiments/<key>/resume                               POST    in      yes       yes      no
/experiments/<key>/stop                                 GET     in      yes       yes      yes
/experiments/<key>/stop                                 POST    in      yes       yes      no
/experiments/<key>/export                               GET     in      yes       yes      yes
/experiments/<key>/export                               POST    in      yes       yes      yes
/experiments/<key>/report                               GET     in      yes       yes      yes
/experiments/<key>/report/plots/<name>.json             GET     in      yes       yes      yes

/deliveries                                             GET     in      yes       no       yes
/deliveries/<delivery_id>                               GET     in      yes       no       yes
/deliveries/<delivery_id>/replay                        POST    in      yes       no       no
/deliveries/recipients                                  GET     in      yes       no       yes
/deliveries/recipients                                  POST    in      yes       no       no
/deliveries/recipients/<int:number>/remove              POST    in      yes       no       no
/deliveries/recipients/<int:number>/test                POST    in      yes       no       no
/deliveries/webhooks/new                                GET     in      yes       no       no
/deliveries/webhooks/new                                POST    in      yes       no       no
/deliveries/webhooks/<int:number>                       GET     in      yes       no       yes
/deliveries/webhooks/<int:number>/disable               POST    in      yes       no       no
/deliveries/webhooks/<int:number>/enable                POST    in      yes       no       no
/deliveries/webhooks/<int:number>/events                GET     in      yes       no       yes
/deliveries/webhooks/<int:number>/events                POST    in      yes       no       no
/deliveries/webhooks/<int:number>/remove                POST    in      yes       no       no
/deliveries/webhooks/<int:number>/replace-secret        POST    in      yes       no       no
/deliveries/webhooks/<int:number>/replay                POST    in      yes       no       no
/deliveries/webhooks/<int:number>/secret                GET     in      yes       no       yes
/deliveries/webhooks/<int:number>/secret                POST    in      yes       no       no
/deliveries/webhooks/<int:number>/test                  POST    in      yes       no       no

/pages/<path:slug>/after-form                           GET     in      yes       no       no
/pages/<path:slug>/after-form                           POST    in      yes       no       no

/leads                                                  GET     in      yes       no       no
/leads/change                                           GET     in      yes       no       no
/leads/change                                           POST    in      yes       no       no
/leads/export                                           GET     in      yes       no       no
/leads/export                                           POST    in      yes       no       no
/leads/erase                                            GET     in      yes       no       yes
/leads/erase                                            POST    in      yes       no       yes
/leads/<lead_id>                                        GET     in      yes       no       no
/leads/<lead_id>/stage                                  GET     in      yes       no       no
/leads/<lead_id>/stage                                  POST    in      yes       no       no
/leads/<lead_id>/spam                                   GET     in      yes       no       no
/leads/<lead_id>/spam                                   POST    in      yes       no       no

/search                                                 GET     in      yes       yes      yes
/calendar                                               GET     in      yes       yes      yes
/policy                                                 GET     in      yes       yes      yes
/audit                                                  GET     in      no        yes      yes

/api/v1/openapi.json                                    GET     in      yes       yes      yes
/api/v1/experiments                                     GET     in      yes       yes      yes
/api/v1/experiments                                     POST    in      yes       yes      no
/api/v1/experiments/<key>                               GET     in      yes       yes      yes
/api/v1/experiments/<key>/export                        POST    in      yes       yes      yes
/api/v1/experiments/<key>/report                        GET     in      yes       yes      yes

/sign-in                                                GET     yes     yes       yes      yes
/sign-in                                                POST    yes     yes       yes      yes
/sign-out                                               POST    in      yes       yes      yes
/static/<path:name>                                     GET     yes     yes       yes      yes
/favicon.ico                                            GET     yes     yes       yes      yes
/healthz                                                GET     yes     yes       yes      yes
/readyz                                                 GET     yes     yes       yes      yes
"""

PEOPLE: Final = {"maya": "marketer", "ana": "analyst", "ivan": "it"}
NOBODY: Final = ("no cookie", "a made-up cookie", "an idle session", "an old session", "a session that was ended")
HEAD, *LINES = [line.split() for line in PROMISED.splitlines() if line]
TABLE: Final = {(route, method): dict(zip(HEAD[2:], cells, strict=True)) for route, method, *cells in LINES}


def test_every_route_has_its_line(world: World) -> None:
    routes = {
        (rule.rule, method)
        for rule in create_studio(world.settings, world.engine).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert set(TABLE) == routes
    assert len(TABLE) == len(LINES)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_role_may_do_what_is_promised_and_nothing_else(world: World, name: str) -> None:
    wrong = []
    for (route, method), promised in TABLE.items():
        for asked in (method, "HEAD") if method == "GET" else (method,):
            before = world.fingerprint()
            answer = send(world, route, asked, world.cookies[name])
            if tell(answer) != promised[PEOPLE[name]]:
                wrong.append(f"{asked} {route}: {answer.status}")
            if (tell(answer) == "no" or asked != "POST") and world.fingerprint() != before:
                wrong.append(f"{asked} {route}: something changed")
            if route == "/sign-out":
                world.sign_in(name)
    assert wrong == []


@pytest.mark.parametrize("kind", NOBODY)
def test_nobody_gets_in_without_a_session(world: World, kind: str) -> None:
    cookie, wrong = cookie_of_nobody(world, kind), []
    before = world.fingerprint()
    for (route, method), promised in TABLE.items():
        for asked in (method, "HEAD", "OPTIONS") if method == "GET" else (method,):
            answer = send(world, route, asked, cookie)
            if tell(answer) != promised["nobody"]:
                wrong.append(f"{asked} {route}: {answer.status}")
    assert wrong == []
    after = world.fingerprint()
    assert {name for name in after if after[name] != before[name]} <= {"sign_in_attempt"}  # /sign-in was tried


def test_a_session_of_one_host_opens_no_other(world: World) -> None:
    for host in (PAGES, PREVIEW):
        for path in ("/policy", "/pages/spring-sale", "/audit"):
            answer = world.ask(Request("GET", host, path, headers=world.as_person("ana")))
            assert answer.code == 404


def cookie_of_nobody(world: World, kind: str) -> str:
    """A cookie that opens nothing."""
    if kind == "no cookie":
        return ""
    if kind == "a made-up cookie":
        return "x" * 43
    now = datetime.now(UTC)
    with transaction(world.engine) as session:
        user = find_user(session, "maya")
        assert user is not None
        cookie = start_session(session, user, network="203.0.113.0/24", now=now)
        sign_in = session.get_one(SignIn, hashlib.sha256(cookie.encode()).hexdigest())
        if kind == "an idle session":
            sign_in.last_seen_at = now - IDLE
        elif kind == "an old session":
            sign_in.created_at = now - ABSOLUTE
        else:
            end_session(session, user, cookie, now=now)
    return cookie


def send(world: World, route: str, method: str, cookie: str) -> Answer:
    """The route's own request, as a screen of the studio would send it, with nothing filled in."""
    request = Row(STUDIO, route, method, 0, "").request(world)
    request.headers |= {"Origin": world.origin(STUDIO), "Sec-Fetch-Site": "same-origin"}
    if cookie:
        request.headers["Cookie"] = f"{world.session_cookie}={cookie}"
    if method == "POST":
        request.headers["Content-Type"] = FORM
        request.body = urlencode({"_csrf": csrf_token(cookie)} if cookie else {}).encode()
    return world.ask(request)


def tell(answer: Answer) -> str:
    """What an answer means for who asked."""
    door, _, why = answer.get("Location").partition("?")
    if answer.code == 401 or (door == "/sign-in" and why != "notice=signed-out"):
        return "in"
    if answer.code == 403:
        return "no" if "you may not" in answer.text or not answer.body else "403 for another reason"
    return "yes" if answer.code < 500 else answer.status
