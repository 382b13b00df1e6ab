"""The knowledge index as a folder of Tantivy segments under ONS_HOME, shared by all processes.

Nothing is kept open: a write opens, commits and closes (some milliseconds), so that any process
may come next and a dead one leaves nothing behind but a lock that its death has freed.
"""

import fcntl
import json
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import tantivy

from tasks.adapters.embedded.words import folded, meaningful, portuguese
from tasks.errors import TryAgain
from tasks.ports.knowledge import Document, Hit
from tasks.spec import from_json, to_json

FORMAT = 1
"""Raise it when the fields, the analysis or the making of documents changes: an index of another
format is left alone by readers, removed by the next writer, and filled again by synchronising."""

BOOSTS = {"pt": {"title_pt": 2.0, "body_pt": 1.0}, "en": {"title_en": 2.0, "body_en": 1.0}}
MOST_WORDS = 64
HEAP_BYTES = 16_000_000
"""Tantivy asks for 15 MB at least; our commits are of a few documents."""


class TantivyIndex:
    """`KnowledgeIndex` in `folder`. `patience_s` is how long a writer waits for another."""

    def __init__(self, folder: Path, *, patience_s: float = 10.0) -> None:
        self._folder = folder
        self._segments = folder / f"format-{FORMAT}"
        self._patience_s = patience_s
        self._turn = threading.RLock()
        self._depth = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=self._patience_s):
            raise TryAgain("another thread is writing the knowledge index")
        try:
            with self._folder_lock() if self._depth == 0 else nullcontext():
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
        finally:
            self._turn.release()

    def write(
        self,
        documents: Sequence[Document],
        forget: Collection[str] = (),
        remove: Collection[str] = (),
    ) -> None:
        with self.alone():
            writer = self._open_to_write().writer(heap_size=HEAP_BYTES, num_threads=1)
            for release in forget:
                writer.delete_documents_by_term("release", release)
            by_id = {document.id: document for document in documents}
            for id in (*remove, *by_id):
                writer.delete_documents_by_term("id", id)
            for document in by_id.values():
                writer.add_document(_to_tantivy(document))
            writer.commit()
            # Merging goes on in threads; without waiting, closing would throw its work away.
            writer.wait_merging_threads()

    def search(self, text: str, *, releases: Collection[str], limit: int = 10) -> Sequence[Hit]:
        words = meaningful(text, most=MOST_WORDS)
        index = self._open()
        if index is None or not words or limit < 1:
            return ()
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, _about(index, words)),
                (tantivy.Occur.Must, _visible(index.schema, releases)),
            ]
        )
        searcher = index.searcher()
        found = searcher.search(query, limit, count=False).hits
        return tuple(Hit(_from_tantivy(searcher.doc(at)), float(score)) for score, at in found)

    def ids(self) -> Collection[str]:
        index = self._open()
        if index is None:
            return frozenset()
        # From the terms alone: the documents themselves, which are long, are not read. The query
        # leaves out the terms of documents that are deleted but not merged away yet.
        every = tantivy.Query.all_query()
        return frozenset(id for id, _ in index.searcher().terms_with_prefix("id", "", every))

    def _open(self) -> tantivy.Index | None:
        """The index to read, or None when there is none, or none that can be read: it is a
        projection, which the next writer makes anew."""
        path = str(self._segments)
        try:
            if self._segments.is_dir() and tantivy.Index.exists(path):
                return _prepared(tantivy.Index.open(path))
        except ValueError:
            return None
        return None

    def _open_to_write(self) -> tantivy.Index:
        if (index := self._open()) is not None:
            return index
        for other in self._folder.glob("format-*"):
            shutil.rmtree(other)
        self._segments.mkdir(mode=0o700)
        return _prepared(tantivy.Index(_schema(), path=str(self._segments)))

    @contextmanager
    def _folder_lock(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle, self._patience_s)
            yield
        finally:
            os.close(handle)


def _lock(handle: int, patience_s: float) -> None:
    """Lock the open file, or raise `TryAgain`. The kernel frees it when the process dies."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TryAgain("another process is writing the knowledge index") from None
            time.sleep(0.01)
        else:
            return


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("id", "release"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("document", stored=True)
    for language, fields in BOOSTS.items():
        for name in fields:
            builder.add_text_field(name, tokenizer_name=language, index_option="freq")
    return builder.build()


def _prepared(index: tantivy.Index) -> tantivy.Index:
    for name, analyzer in _analyzers().items():
        index.register_tokenizer(name, analyzer)
    return index


def _analyzers() -> dict[str, tantivy.TextAnalyzer]:
    languages = {"pt": "portuguese", "en": "english"}
    return {
        name: tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.stemmer(language))
        .build()
        for name, language in languages.items()
    }


def _about(index: tantivy.Index, words: str) -> tantivy.Query:
    """What the words ask for. They are letters, digits and blanks in lower case: none of the
    query language's signs or operators is left in them."""
    asked = {"pt": portuguese(words), "en": words}
    return tantivy.Query.boolean_query(
        [
            (
                tantivy.Occur.Should,
                index.parse_query(
                    asked[language], default_field_names=list(boosts), field_boosts=boosts
                ),
            )
            for language, boosts in BOOSTS.items()
        ]
    )


def _visible(schema: tantivy.Schema, releases: Collection[str]) -> tantivy.Query:
    """Documents of contracts and of the releases named; it chooses and adds no score."""
    named = tantivy.Query.term_set_query(schema, "release", ["", *releases])
    return tantivy.Query.const_score_query(named, 0.0)


def _to_tantivy(document: Document) -> tantivy.Document:
    return tantivy.Document(
        id=document.id,
        release=document.release,
        document=json.dumps(to_json(document)).encode(),
        title_pt=portuguese(document.title),
        body_pt=portuguese(document.body),
        title_en=folded(document.title),
        body_en=folded(document.body),
    )


def _from_tantivy(found: tantivy.Document) -> Document:
    return from_json(Document, json.loads(found.get_first("document") or b"{}"))
