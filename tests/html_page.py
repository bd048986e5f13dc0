"""What tests read of an HTML page."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The tags of a page, what they load or point to, and the words of its pictures; no tag runs a script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.alts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        assert not any(name.startswith("on") for name in values)
        self.targets += [values[name] or "" for name in ("src", "href", "srcset", "action", "data") if name in values]
        if tag == "img":
            self.alts.append(values.get("alt") or "")
