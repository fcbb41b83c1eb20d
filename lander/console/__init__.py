"""The studio: server-rendered screens. A view is: require, load, call one verb, respond."""

from lander.console import (
    audit,
    bulk,
    deliveries,
    duplicates,
    experiments,
    files,
    home,
    missing,
    moving,
    pages,
    plans,
    policy,
    publishing,
    redirects,
    regions,
    results,
    session,
    snippets,
    variants,
    versions,
)

BLUEPRINTS = tuple(
    part.blueprint
    for part in (
        files,
        session,
        home,
        pages,
        variants,
        versions,
        regions,
        snippets,
        bulk,
        publishing,
        plans,
        experiments,
        results,
        redirects,
        missing,
        moving,
        duplicates,
        deliveries,
        policy,
        audit,
    )
)
