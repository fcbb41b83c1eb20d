"""The studio: server-rendered screens. A view is: require, load, call one verb, respond."""

from lander.console import (
    audit,
    experiments,
    files,
    home,
    pages,
    plans,
    policy,
    publishing,
    regions,
    results,
    session,
    variants,
)

BLUEPRINTS = tuple(
    part.blueprint
    for part in (files, session, home, pages, variants, regions, publishing, plans, experiments, results, policy, audit)
)
