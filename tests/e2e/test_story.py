"""The loop closes: from what a vendor sends to the rep's mail, and from the customer back to us."""

import pytest

from tests.e2e.tale import Tale
from tests.e2e.world import QUEUE, ago, now

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("e2e")]


def test_from_a_vendors_payload_to_the_customers_word(tale: Tale) -> None:
    """A ticket, a release, a mail, a talk with the customer, and the customer says: solved."""
    tale.rep("dana")
    tale.account("acme", owner="dana")
    epic = tale.epic()
    tale.ticket("acme", epic.key, agent="dana")

    tale.release(epic)
    mail = tale.told("dana")
    assert "We retype your numbers into our spreadsheet every month." in mail.text

    assert tale.demand_in_jira(epic) == "1 remark from 1 account"
    account = tale.id("acme")
    tale.world.press(mail, "customer_told", account)
    tale.closes(epic, "acme", "customer_told")
    tale.world.press(mail, "solved", account)
    tale.closes(epic, "acme", "solved")
    assert tale.announced(epic) == ["told", "customer_told", "solved"]


def test_done_is_not_shipped_and_a_settling_ship_tells_nobody(tale: Tale) -> None:
    """Before the version is out there is no ship; before the hold has passed there is no mail."""
    tale.rep("dana")
    tale.account("acme", owner="dana")
    epic = tale.epic()
    tale.remark("acme", epic.key, by="dana")
    tale.done(epic)
    assert tale.world.ship(epic.id) is None

    tale.release(epic)
    tale.told("dana")
    ship = tale.world.ship(epic.id)
    assert ship is not None
    assert [tell.decided_at >= ship.settles_at for tell in tale.world.tells(epic.id)] == [True]


def test_what_has_shipped_already_is_told_at_once(tale: Tale) -> None:
    """Ship before link: whoever asks for what is there hears since when, and nobody hears twice."""
    tale.rep("dana")
    tale.rep("lee")
    tale.account("acme", owner="dana")
    tale.account("globex", owner="lee")
    epic = tale.epic()
    tale.remark("acme", epic.key)
    tale.release(epic)
    assert tale.told("dana").subject.startswith("Shipped: ")

    tale.ticket("globex", epic.key, agent="lee")
    mail = tale.told("lee")
    assert mail.subject.startswith("Already available: ")
    assert tale.verdicts(epic) == {"Dana": "shipped", "Lee": "available"}
    assert len(tale.mails()) == 2


def test_a_remark_whose_customer_nobody_knows_yet(tale: Tale) -> None:
    """Remark before account before owner: when it ships, the owner is told and nobody else."""
    epic = tale.epic()
    said = tale.form("acme", epic.key, rep="dana")
    remark = tale.world.remark(said)
    assert remark is not None
    assert remark.account_id is None

    tale.account("acme", owner="lee")
    tale.belongs(said, tale.id("acme"))
    tale.rep("lee")
    tale.rep("dana")
    tale.knows_rep("dana")
    tale.release(epic)
    tale.told("lee")
    tale.told("dana")
    assert tale.verdicts(epic) == {"Lee": "shipped", "Dana": "shipped"}
    assert len(tale.mails()) == 2


def test_the_account_comes_when_all_is_said(tale: Tale) -> None:
    """Ship, then account: the queue was told of nobody's customer, now its owner is told too."""
    epic = tale.epic()
    tale.remark("acme", epic.key)
    tale.release(epic)
    tale.world.until("the queue's mail", lambda: tale.mails_about(epic, QUEUE))

    tale.rep("dana")
    tale.knows_rep("dana")
    tale.account("acme", owner="dana")
    tale.told("dana")
    assert len(tale.mails_about(epic, QUEUE)) == 1


def test_a_link_to_an_issue_that_nobody_told_us_of(tale: Tale) -> None:
    """Link before epic: the key is kept, and becomes the issue when Jira speaks of it."""
    tale.rep("dana")
    tale.account("acme", owner="dana")
    before = tale.epic()
    project, _, number = before.key.partition("-")
    said = tale.remark("acme", f"{project}-{int(number) + 1}")
    assert tale.linked(said) == [(f"{project}-{int(number) + 1}", None)]

    epic = tale.epic()
    tale.world.until("the link's issue", lambda: tale.linked(said) == [(epic.key, epic.id)])
    tale.release(epic)
    tale.told("dana")
    assert len(tale.mails()) == 1


def test_an_owner_before_the_account(tale: Tale) -> None:
    """HubSpot names a company's owner first, then its name and domain, one property at a time."""
    company = tale.number()
    tale.rep("dana")
    tale.hubspot(company, "hubspot_owner_id", tale.id("dana"), ago(days=40))
    tale.knows_owner(str(company), "dana")
    epic = tale.epic()
    said = tale.remark("acme", epic.key)
    tale.hubspot(company, "domain", tale.domain("acme"), ago(days=30))
    tale.hubspot(company, "name", "Acme Freight", ago(days=29))
    tale.belongs(said, str(company))

    tale.release(epic)
    assert "Acme Freight" in tale.told("dana").text
    assert len(tale.mails()) == 1


def test_a_new_owner_is_told_instead_of_the_old_one(tale: Tale) -> None:
    """HubSpot says before the ship that Dana's company is Lee's now."""
    company = tale.number()
    tale.rep("dana")
    tale.rep("lee")
    tale.hubspot(company, "domain", tale.domain("acme"), ago(days=30))
    tale.hubspot(company, "hubspot_owner_id", tale.id("dana"), ago(days=30))
    tale.knows_owner(str(company), "dana")
    epic = tale.epic()
    tale.belongs(tale.remark("acme", epic.key, at=ago(days=20)), str(company))
    tale.hubspot(company, "hubspot_owner_id", tale.id("lee"), now())
    tale.knows_owner(str(company), "lee")

    tale.release(epic)
    assert "hand-over: Dana owned it when this was said" in tale.told("lee").text
    assert tale.verdicts(epic) == {"Lee": "shipped", "Dana": "no longer owns the account"}
    assert len(tale.mails()) == 1


def test_one_mail_however_many_roads_lead_to_a_rep(tale: Tale) -> None:
    """Three remarks over three ways; Dana passed one on, is the agent of one, owns the account."""
    tale.rep("dana")
    tale.account("acme", owner="dana")
    epic = tale.epic()
    said = {
        tale.form("acme", epic.key, rep="dana"),
        tale.ticket("acme", epic.key, agent="dana"),
        tale.remark("acme", epic.key),
    }
    tale.release(epic)
    tale.told("dana")
    (tell,) = tale.world.tells(epic.id)
    assert len(tell.remark_ids) == len(said) == 3
    assert tell.role == "you passed it on; you own Acme"
    assert len(tale.mails()) == 1


def test_opened_again_within_the_hold_tells_nobody(tale: Tale) -> None:
    """What is taken back while it settles was never said, so there is nothing to correct."""
    epic = tale.reopened_within_the_hold("dana", "acme")
    tale.rep("lee")
    tale.account("globex", owner="lee")
    later = tale.epic()
    tale.remark("globex", later.key)
    tale.release(later)
    tale.told("lee")  # so whatever was due before it is done
    assert tale.world.tells(epic.id) == []


def test_taken_back_after_telling_corrects_exactly_those_who_were_told(tale: Tale) -> None:
    """Dana and Lee were told, Mara was considered and not told: two corrections."""
    tale.rep("mara")
    tale.rep("dana", manager="mara")
    tale.rep("lee", manager="mara")
    tale.account("acme", owner="dana")
    tale.account("globex", owner="lee")
    epic = tale.epic()
    tale.remark("acme", epic.key)
    tale.remark("globex", epic.key)
    tale.release(epic)
    tale.told("dana")
    tale.told("lee")

    tale.reopen(epic)
    for rep in ("dana", "lee"):
        assert tale.told(rep, number=2).subject.startswith("Taken back: ")
    assert sorted(mail.to for mail in tale.mails()) == sorted(
        2 * [tale.address("dana"), tale.address("lee")]
    )


def test_a_link_has_one_effect_and_a_scanner_none(tale: Tale) -> None:
    """A mail scanner opens every link, a customer presses twice: one answer is what is kept."""
    tale.rep("dana")
    tale.account("acme", owner="dana")
    epic = tale.epic()
    tale.remark("acme", epic.key)
    tale.release(epic)
    mail, account = tale.told("dana"), tale.id("acme")
    tale.world.open_link(mail, "solved", account)
    tale.world.open_link(mail, "not_solved", account)

    tale.world.press(mail, "not_solved", account, "The file lacks the totals.")
    first = tale.closes(epic, "acme", "not_solved")
    tale.world.press(mail, "not_solved", account)
    tale.world.press(mail, "solved", account)
    last = tale.closes(epic, "acme", "solved")
    assert last.not_solved_at == first.not_solved_at
    assert tale.announced(epic) == ["told", "not_solved", "solved"]
    (answer,) = tale.world.ask(lambda tx: tx.loops.answers(account, epic.id))
    assert (answer.said, answer.words) == ("not_solved", "The file lacks the totals.")


def test_an_address_that_a_stranger_typed_into_the_form_gets_no_mail(tale: Tale) -> None:
    """Until the CRM knows it: then it is a rep, who joined late and is told late."""
    tale.rep("dana")
    tale.account("acme", owner="dana")
    epic = tale.epic()
    tale.form("acme", epic.key, rep="mallory")
    tale.release(epic)
    tale.told("dana")
    reason = "not known to the CRM, and its domain is not one of staff_domains"
    assert tale.verdicts(epic) == {"Dana": "shipped", tale.address("mallory"): reason}
    assert tale.mails("mallory") == []

    tale.rep("mallory")
    assert "I copy forty rows out by hand" in tale.told("mallory").text
    assert tale.verdicts(epic) == {"Dana": "shipped", "Mallory": "shipped"}
    assert len(tale.mails("dana")) == 1


def test_a_person_takes_back_what_jira_shipped_and_that_word_stands(tale: Tale) -> None:
    """Versions are tidied up and labels change; only once the issue ships anew is it told again."""
    tale.rep("dana")
    tale.account("acme", owner="dana")
    epic = tale.epic()
    tale.remark("acme", epic.key)
    tale.release(epic)
    tale.told("dana")
    tale.take_back(epic)
    assert tale.told("dana", 2).subject.startswith("Taken back: ")

    tale.world.jira("PUT", f"issues/{epic.key}", {"labels": ["tidied"]})
    tale.knows_label(epic, "tidied")
    ship = tale.world.ship(epic.id)
    assert ship is not None
    assert ship.generation == 1

    tale.world.jira("POST", f"issues/{epic.key}/reopen")
    tale.is_open(epic)
    tale.release(epic)
    assert tale.told("dana", 3).subject.startswith("Shipped: ")
