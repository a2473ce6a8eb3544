"""The tables. What each must hold is in its docstring and, where SQL can say it, in a constraint.

Alembic's migrations are held against these definitions by ``tests/integration/test_migrations.py``.
"""

from sinks.store.tables.base import Base
from sinks.store.tables.heard import (
    DECISION_ID,
    EPIC_MARK,
    REMARK_ID,
    AccountVersion,
    ConsumerOffset,
    DecisionTable,
    EpicKey,
    EpicTable,
    FixVersionTable,
    LinkTable,
    OpportunityVersion,
    RemarkTable,
    RepVersion,
    WordsTable,
)
from sinks.store.tables.learned import (
    LESSON_MARK,
    AuditTable,
    CertificateTable,
    GuessTable,
    KeptTable,
    LessonTable,
    SecretTable,
)
from sinks.store.tables.themes import THEME_ID, ThemeMemberTable, ThemeTable
from sinks.store.tables.told import (
    AnswerTable,
    LoopTable,
    MessageTable,
    OutboxTable,
    PromiseTable,
    ReplyTable,
    ReportTable,
    ShipTable,
    TellTable,
)

__all__ = [
    "DECISION_ID",
    "EPIC_MARK",
    "LESSON_MARK",
    "REMARK_ID",
    "THEME_ID",
    "AccountVersion",
    "AnswerTable",
    "AuditTable",
    "Base",
    "CertificateTable",
    "ConsumerOffset",
    "DecisionTable",
    "EpicKey",
    "EpicTable",
    "FixVersionTable",
    "GuessTable",
    "KeptTable",
    "LessonTable",
    "LinkTable",
    "LoopTable",
    "MessageTable",
    "OpportunityVersion",
    "OutboxTable",
    "PromiseTable",
    "RemarkTable",
    "RepVersion",
    "ReplyTable",
    "ReportTable",
    "SecretTable",
    "ShipTable",
    "TellTable",
    "ThemeMemberTable",
    "ThemeTable",
    "WordsTable",
]
