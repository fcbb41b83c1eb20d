"""The cast of every test: Maya (marketer), Ana (analyst), Ivan (IT), and Otto, who has no business here."""

from lander.access.models import Role

PASSWORD = "correct horse battery staple"
ROLES = {"maya": Role.MARKETER, "ana": Role.ANALYST, "ivan": Role.IT}
