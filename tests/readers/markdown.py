"""Renders reports, divided by NUL, as GitHub does, and prints a line each: the tags of the page in their order, with targets."""

import sys
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        kept = [f"{name}={value}" for name, value in attributes if name in ("href", "src") or name.startswith("on")]
        self.found.append(",".join([tag, *kept]))


for report in sys.stdin.buffer.read().decode().split("\0"):
    tags = Tags()
    tags.feed(cmarkgfm.github_flavored_markdown_to_html(report, options=Options.CMARK_OPT_UNSAFE))
    print(*tags.found)
