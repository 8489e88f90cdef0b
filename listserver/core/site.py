"""What the meaning of a mail depends on of the site: handed down by the composition root."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """domain: of all list addresses. base_url: of the archive, no slash at its end, "" if there is none.

    secret: key of the HMACs in return addresses and links. admin_email: where postmaster@ and abuse@ go.
    templates: folders with the site's own texts, searched before ours. signs: whether copies are DKIM-signed.
    authserv_id: the name of our mail server in Authentication-Results, "" = the domain.
    """

    domain: str
    name: str
    admin_email: str
    language: str
    base_url: str
    secret: bytes
    templates: tuple[str, ...] = ()
    signs: bool = False
    authserv_id: str = ""

    def page(self, path: str) -> str:
        """The URL of a page of the web archive, "" where there is none."""
        return f"{self.base_url.rstrip('/')}/{path}" if self.base_url else ""

    def address(self, local: str) -> str:
        """An address at the site's domain."""
        return f"{local}@{self.domain}"
