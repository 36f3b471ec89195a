"""What a mail server said, or why it could not be asked, in one line that is safe to store and to show."""

import base64
import smtplib
import ssl

from service.addresses import one_line
from service.sections import Smtp

LONGEST_WORDS = 200


class Words:
    """The words of one server: on one line, cut, and free of our password, which some repeat."""

    def __init__(self, settings: Smtp) -> None:
        self._where = f"{settings.host}:{settings.port}"
        password = settings.password.get_secret_value() if settings.password else ""
        login = f"\0{settings.username}\0{password}"
        coded = [base64.b64encode(text.encode()).decode() for text in (login, password)]
        self._secrets = [*coded, password] if password else []

    def said(self, code: int, words: bytes) -> str:
        """Quote a reply."""
        return self._clean(f"{code} {words.decode(errors='replace')}")

    def told(self, error: Exception) -> str:
        """Quote what an error says."""
        match error:
            case smtplib.SMTPResponseException():
                return self.said(*reply_of(error))
            case ssl.SSLCertVerificationError():
                return self._clean(error.verify_message)
            case OSError(strerror=str(why)):
                return self._clean(why)
            case _:
                return self._clean(str(error))

    def diagnosis(self, error: Exception) -> str:
        """Say why a connection did not come about, and what to do."""
        told = self.told(error)
        match error:
            case smtplib.SMTPAuthenticationError():
                why = f"refuses our login ({told}); check digest.smtp.username and password"
            case smtplib.SMTPNotSupportedError():
                why = f"lacks what is configured ({told}); check digest.smtp"
            case UnicodeError():
                why = "cannot be asked: host, username or password have letters beyond ASCII; write others"
            case ssl.SSLCertVerificationError():
                why = f"shows a certificate that is not trusted ({told}); check digest.smtp.host and ca_file"
            case ssl.SSLError():
                why = f"does not speak TLS with us ({told}); check digest.smtp.port and security"
            case _:
                why = f"does not answer as it should ({told}); check digest.smtp, and that it runs"
        return f"the mail server {self._where} {why}"

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return one_line(text, LONGEST_WORDS)


def reply_of(error: smtplib.SMTPResponseException) -> tuple[int, bytes]:
    """Give an error the form of the reply that it came from."""
    said = error.smtp_error
    return error.smtp_code, said if isinstance(said, bytes) else said.encode()
