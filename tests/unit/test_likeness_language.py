"""Remarks that are not in English are told, so that no claim about them is high."""

import time

import numpy as np
import pytest

from streams.link.likeness import certainty, language, table

ENGLISH = [
    "the export of invoices stops at night",
    "I can't log in with SAML since the update",
    "please add a dark mode",
    "Our naïve café app crashes when the résumé is uploaded",
    "where's my order?",
    "Die Hard does not play on my phone",
]

OTHER = [
    "Der Export der Rechnungen bricht nachts ab",
    "Rechnungen exportieren funktioniert nicht",
    "Rechnungsexport Datenschutzeinstellungen",
    "L'export des factures ne marche pas la nuit",
    "La exportación de facturas falla por la noche",
    "L'esportazione delle fatture non funziona di notte",
    "A exportação de faturas não funciona à noite",
    "De export van facturen werkt 's nachts niet",
    "Eksport faktur nie działa w nocy",
    "Exporten av fakturor fungerar inte på natten",
    "Fatura dışa aktarma gece çalışmıyor",  # noqa: RUF001 - Turkish
    "Export faktur v noci nefunguje, prosím opravte",
    "Exportul facturilor nu merge noaptea",
    "Ekspor faktur tidak berfungsi di malam hari",
    "Xuất hóa đơn không hoạt động vào ban đêm",
    "Экспорт счетов не работает ночью",
    "请添加深色模式",
    "請求書のエクスポートが夜に止まる",
    "송장 내보내기가 밤에 멈춥니다",
    "هل يمكن تصدير الفواتير",
    "האם אפשר לייצא חשבוניות",
    "कृपया डार्क मोड जोड़ें",
    "Η εξαγωγή τιμολογίων σταματά τη νύχτα",  # noqa: RUF001 - Greek
]


def told(text: str) -> language.Language:
    """By the packaged table's tokenizer."""
    return language.detect(text, table.packaged().pieces)


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_told(text: str) -> None:
    """With a word of another language in it, too."""
    assert told(text) == "en"


@pytest.mark.parametrize("text", OTHER)
def test_another_language_is_told(text: str) -> None:
    """With and without accents, in and out of Latin letters."""
    assert told(text) == "other"


@pytest.mark.parametrize(
    "text", ["", "42", "🙂", "https://example.com/die/das", "CSV", "dark mode"]
)
def test_what_tells_nothing_is_unknown(text: str) -> None:
    """It is not called foreign for it."""
    assert told(text) == "unknown"


def test_code_and_addresses_have_no_language() -> None:
    """What stands around them has."""
    assert told("please fix `der das und` in /usr/der/das, see ich@und.de") == "en"


@pytest.mark.parametrize(
    "text", ["w" * 100_000, "der " * 100_000, "\x00\ud800 \u202e", "`" * 99_999]
)
def test_a_strange_text_is_answered_in_time(text: str) -> None:
    """A second is many times what it needs, once the words are there."""
    told("ready")
    start = time.process_time()
    told(text)
    assert time.process_time() - start < 1


def test_a_claim_about_another_language_is_under_every_threshold() -> None:
    """So it is asked about, never linked."""
    claims = language.lowered(np.array([0.99, 0.99, 0.1]), ["en", "other", "other"])
    assert claims.tolist() == [0.99, language.MOST_OTHER, 0.1]
    assert min(certainty.GRID) > language.MOST_OTHER
