"""The studio: server-rendered screens. A view is: require, load, call one verb, respond."""

from lander.console import audit, files, policy, session

BLUEPRINTS = (files.blueprint, session.blueprint, policy.blueprint, audit.blueprint)
