"""Which addresses a notification is sent to: what a mail server takes, in one spelling."""

from email_validator import EmailNotValidError, validate_email

from lander.errors import InvalidInput


def check_address(text: str) -> str:
    """The address as it is written to; raises `InvalidInput`. Nobody is asked whether it exists."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise InvalidInput(
            f"This is not an e-mail address: {str(error).rstrip('.')}.", fix="Write it like maya@example.com."
        ) from None
    return found.normalized.lower()
