"""Which mail domains and addresses count as ours, and which a start is refused for."""

import pytest

from schemas.errors import BadSettings
from sinks.absent import NoMailer
from streams.health import check_settings
from streams.settings import Settings, load
from streams.tell.staff import ascii_domain, domain_fault, house, plain_address, untagged


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("us.example", "us.example"),
        ("US.Example", "us.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.example", None),
        ("\uff55s.example", None),
        ("us.example.", None),
        ("us..example", None),
        ("example", None),
        ("-us.example", None),
        ("us_x.example", None),
        ("", None),
        (f"{'a' * 64}.example", None),
        (f"{'a.' * 130}example", None),
    ],
)
def test_a_domain_is_compared_in_the_spelling_that_mail_goes_to(
    written: str, name: str | None
) -> None:
    """One that the two standards for international names read differently is none."""
    assert ascii_domain(written) == name


def test_a_letter_that_only_looks_like_ours_makes_another_domain() -> None:
    """A Cyrillic a."""
    name = ascii_domain("us.ex\u0430mple")
    assert name is not None
    assert name.startswith("us.xn--")


def test_our_domains_are_exactly_those_that_are_named() -> None:
    """In any case and spelling; none below one, none that only ends like one."""
    ours = house(("US.example", "bücher.example"), "")
    for address in ("rita@us.example", "a+b@xn--bcher-kva.example"):
        assert ours.is_staff(address)
    for address in (
        "x@sub.us.example",
        "x@notus.example",
        "x@us.example.evil.example",
        "us.example",
    ):
        assert not ours.is_staff(address)
    assert not house((), "").is_staff("rita@us.example")


@pytest.mark.parametrize(
    ("email", "address"),
    [
        ("Rita@US.example", "rita@us.example"),
        ("rita@BÜCHER.example", "rita@xn--bcher-kva.example"),
        ("o'hara.x+y@us.example", "o'hara.x+y@us.example"),
        ('"a b"@us.example', None),
        ("a,b@us.example", None),
        ("a@b@us.example", None),
        (".a@us.example", None),
        ("a..b@us.example", None),
        ("rîta@us.example", None),
        ("rita@us.example\n", "rita@us.example"),
        ("rita", None),
        ("@us.example", None),
    ],
)
def test_a_plain_address_is_one_that_every_mailer_reads_alike(
    email: str, address: str | None
) -> None:
    """Quotes, lists and letters beyond ASCII before the @ are not taken."""
    assert plain_address(email) == address


def test_a_plus_tag_names_no_other_mailbox() -> None:
    """Nothing before the plus is a mailbox of its own."""
    assert untagged("rita+form+2@us.example") == "rita@us.example"
    assert untagged("rita@us.example") == "rita@us.example"
    assert untagged("+x@us.example") == "+x@us.example"


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("gmail.com", "free-mail"),
        ("GMX.de", "free-mail"),
        ("*.us.example", "no mail domain"),
        ("@us.example", "no mail domain"),
        ("rita@us.example", "no mail domain"),
        ("com", "no mail domain"),
        ("straße.example", "xn--"),
    ],
)
def test_a_domain_that_would_let_anybody_in_stops_the_start(domain: str, why: str) -> None:
    """With all other faults, and what to do."""
    assert why in domain_fault(domain)
    with pytest.raises(BadSettings, match=why):
        load({"CLOSELOOP_STAFF_DOMAINS": f"us.example, {domain}"})


def test_good_domains_are_taken_as_a_list() -> None:
    """Separated by commas."""
    found = load({"CLOSELOOP_STAFF_DOMAINS": "us.example, bücher.example"})
    assert found.staff_domains == ("us.example", "bücher.example")


def test_the_doctor_says_whose_reports_are_not_told() -> None:
    """And what to set; an installation may want it so, which is no fault."""
    (bare,) = [one for one in check_settings(Settings()) if "reporters" in one.what]
    assert (bare.state, "CLOSELOOP_STAFF_DOMAINS" in bare.advice) == ("off", True)
    ours = Settings(staff_domains=("us.example",))
    (good,) = [one for one in check_settings(ours) if "reporters" in one.what]
    assert (good.state, good.what) == ("ok", "reporters at us.example are told")


def test_the_doctor_says_that_mails_wait_where_nobody_sends_them() -> None:
    """And what to set."""
    (finding,) = NoMailer().examine()
    assert not finding.ok
    assert "mails stay open" in finding.what
    assert "SENDGRID_API_KEY" in finding.advice
