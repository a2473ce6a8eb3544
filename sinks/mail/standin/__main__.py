"""``python -m sinks.mail.standin``: the stand-in as a process of its own."""

from __future__ import annotations

from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sinks.http.standin.serve import run
from sinks.mail.standin import sendgrid_app
from sinks.mail.verify import new_private_key, public_text_of


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, show_default=True, help="0 takes a free one and prints it.")
@click.option("--folder", type=click.Path(path_type=Path), default="mails", show_default=True)
@click.option("--webhook-url", help="Where its event webhook goes.")
@click.option("--api-key", envvar="SENDGRID_API_KEY", help="Who is let in; any key, where absent.")
@click.option(
    "--private-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PEM file that signs the event webhook; a new key where absent.",
)
@click.option("--bounce", "bounces", multiple=True, help="Address whose mails bounce; repeatable.")
@click.option("--twice", is_flag=True, help="Post every report twice.")
def main(  # noqa: PLR0913 one argument per option
    *,
    host: str,
    port: int,
    folder: Path,
    webhook_url: str | None,
    api_key: str | None,
    private_key: Path | None,
    bounces: tuple[str, ...],
    twice: bool,
) -> None:
    """Run a stand-in of SendGrid until Ctrl-C; mails stay in the folder.

    Example: python -m sinks.mail.standin --port 8091 --folder mails --twice
    """
    key = _key_of(private_key)
    click.echo(f"public key {public_text_of(key)}")
    app = sendgrid_app(
        folder,
        webhook_url=webhook_url,
        api_key=api_key,
        private_key=key,
        times=2 if twice else 1,
        bounces=bounces,
    )
    run(app, host, port)


def _key_of(path: Path | None) -> EllipticCurvePrivateKey:
    if path is None:
        return new_private_key()
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise click.BadParameter(f"{path} holds no ECDSA key")
    return key


if __name__ == "__main__":
    main()
