"""Files on disk: the policy, and the texts that come with the product."""

from __future__ import annotations

import errno
import os
import tempfile
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from bandeau import limits
from bandeau.features.comments.words import entries
from bandeau.policy.model import Policy
from bandeau.policy.vendors import Vendor, Vendors
from bandeau.policy.words import Words, flatten


def read_policy(path: Path) -> bytes:
    """The bytes of a policy file, at most one more than ``limits.POLICY_BYTES``.

    That one byte more lets ``parse`` refuse the file without all of it being read. Raises
    ``OSError`` with a message for the publisher, which names the file.
    """
    try:
        with path.open("rb") as file:
            return file.read(limits.POLICY_BYTES + 1)
    except (OSError, ValueError) as error:
        raise OSError(f"{path}: cannot be read: {_reason(error)}") from error


def listed_words(policy: Policy, path: Path) -> tuple[str, ...]:
    """The word list of the comments that the policy file ``path`` declares or names.

    Raises ``OSError`` with a message for the publisher, which names the list's file.
    """
    feature = policy.feature("comments")
    if feature is None or not feature.words.file:
        return feature.words.listed if feature else ()
    file = path.parent / feature.words.file
    try:
        with file.open("rb") as opened:
            data = opened.read(limits.POLICY_WORDS_BYTES + 1)
        listed = entries(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise OSError(f"{file}: not UTF-8; save the file in UTF-8") from error
    except (OSError, ValueError) as error:
        raise OSError(f"{file}: cannot be read: {_reason(error)}") from error
    if len(data) > limits.POLICY_WORDS_BYTES or len(listed) > limits.POLICY_WORDS:
        most = f"{limits.POLICY_WORDS} words, {limits.POLICY_WORDS_BYTES} bytes"
        raise OSError(f"{file}: larger than {most}; shorten it")
    return tuple(listed)


def beside(file: Path, most: int) -> bytes:
    """The bytes of a file that a policy names; raises ``OSError`` with a message that names it."""
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except (OSError, ValueError) as error:
        raise OSError(f"{file}: cannot be read: {_reason(error)}") from error
    if len(data) > most:
        raise OSError(f"{file}: larger than {most} bytes")
    return data


@cache
def read_words() -> Words:
    """The built-in texts, one language for each file of ``policy/texts``."""
    return _texts("bandeau.policy")


@cache
def read_staff_words() -> Words:
    """The texts for staff, in fewer languages, of ``features/comments/texts``."""
    return _texts("bandeau.features.comments")


def _texts(package: str) -> Words:
    folder = resources.files(package) / "texts"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=str)
    return Words(
        MappingProxyType(
            {
                file.name.removesuffix(".toml"): MappingProxyType(
                    flatten(tomllib.loads(file.read_text("utf-8")))
                )
                for file in files
            }
        )
    )


def read_vendors() -> Vendors:
    """The vendors that drafts of a policy know of, from ``policy/vendors.toml``."""
    text = (resources.files("bandeau.policy") / "vendors.toml").read_text("utf-8")
    return Vendors(Vendor(**each) for each in tomllib.loads(text)["vendors"])


def ready_folder(folder: Path) -> None:
    """Make a folder where there is none; raises ``OSError`` where nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, ValueError) as error:
        raise OSError(f"{folder}: cannot be written to: {_reason(error)}") from error


def write_new(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write ``data`` whole or not at all; an existing file stays unless ``replace``.

    Raises ``FileExistsError`` or another ``OSError``, each with a message for the publisher.
    """
    try:
        _write(path, data, replace)
    except FileExistsError as error:
        raise FileExistsError(f"{path}: exists already, and was not touched") from error
    except (OSError, ValueError) as error:
        raise OSError(f"{path}: cannot be written: {_reason(error)}") from error


def _write(path: Path, data: bytes, replace: bool) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".bandeau-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        if not replace:
            path.open("xb").close()
        elif path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "not a file that can be replaced")
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return said[:1].lower() + said[1:]
