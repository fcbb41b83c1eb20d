"""What every post from a page must show: that it comes from a page of this host, and a token that we signed."""

from lander.errors import Forbidden
from lander.published import Release
from lander.serve.request import Request
from lander.serve.token import TokenForged, TokenSigner, View


class ForeignOrigin(Forbidden):
    """Another site's page sent this."""

    code = "foreign-origin"


def check_origin(request: Request, scheme: str) -> None:
    """A sealed page's origin is `null`; else it must be this host's own. Raises `ForeignOrigin`.

    Every current browser sends Origin with a POST. Where none came it is not a browser's cross-site post, and the token
    decides alone: an old browser's lead is not thrown away.
    """
    origin = request.environ.get("HTTP_ORIGIN")
    own = f"{scheme}://{request.environ.get('HTTP_HOST', '').lower()}"
    if origin not in (None, "null", own):
        raise ForeignOrigin("This was sent from another site's page.")


def read_token(token: str, tokens: TokenSigner, request: Request) -> tuple[View, Release | None]:
    """The view that a post belongs to, and its page as it is published now; None where that was taken away.

    Raises `TokenForged`, for the token of another host's page too. Where the page was taken away nobody here knows its
    host any more, and the post is taken on each of ours: a lead must not be lost. The page's id in the token, not the
    host that was asked, says which site it belongs to.
    """
    view = tokens.read(token)
    release = request.routes.catalog.pages.get(view.page_id)
    if release is not None and release.host != request.host:
        raise TokenForged("This token belongs to a page on another host.")
    return view, release
