"""``python -m sinks.jira.standin``: the stand-in as a process of its own."""

from __future__ import annotations

import click

from sinks.http.standin.serve import run
from sinks.jira.standin import SITE, jira_app


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, show_default=True, help="0 takes a free one and prints it.")
@click.option("--project", "projects", multiple=True, default=("DEMO",), show_default=True)
@click.option("--site", help="Base of every link it shows; its own address, where absent.")
@click.option("--webhook-url", help="Where its webhooks go.")
@click.option("--webhook-secret", envvar="JIRA_WEBHOOK_SECRET", help="Signs them.")
@click.option("--email", help="With --token: who is let in. Everybody, where absent.")
@click.option("--token", envvar="JIRA_TOKEN")
@click.option("--page-size", default=100, show_default=True, help="Most issues of a search page.")
def main(  # noqa: PLR0913 one argument per option
    *,
    host: str,
    port: int,
    projects: tuple[str, ...],
    site: str | None,
    webhook_url: str | None,
    webhook_secret: str | None,
    email: str | None,
    token: str | None,
    page_size: int,
) -> None:
    """Run a stand-in of Jira Cloud until Ctrl-C; nothing is kept.

    Example: python -m sinks.jira.standin --port 8090 --webhook-url http://127.0.0.1:8080/source/jira
    """
    app = jira_app(
        projects=projects,
        site=site or (f"http://{host}:{port}" if port else SITE),
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        login=(email, token) if email and token else None,
        page_size=page_size,
    )
    run(app, host, port)


if __name__ == "__main__":
    main()
