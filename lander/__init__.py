"""Lander: landing pages and A/B tests on a sealed subdomain of their own."""

__version__ = "0.1.0"
