"""From one schema to the next: Alembic reads the revisions and writes SQL, the store runs it.

So each store migrates over its own driver, in one transaction with the number of its schema:
what fails on the way leaves the old state.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path


@lru_cache
def migration(folder: Path, dialect: str, version: int) -> str:
    """The SQL that leads from the schema ``version`` (0 for none) to the newest in ``folder``.

    ``folder`` holds ``versions``, whose revisions are numbered ``0001`` and up.
    """
    # Alembic takes half a second to import, and most starts have nothing to migrate.
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    written = io.StringIO()
    scripts = ScriptDirectory(str(folder))
    since = f"{version:04}" if version else "base"
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": written}
    )
    revisions = list(scripts.iterate_revisions("heads", since))
    with Operations.context(context):
        for revision in reversed(revisions):
            revision.module.upgrade()
    return written.getvalue()
