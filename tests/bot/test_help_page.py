"""The pages of guided help: walked through to the end, without scripts, by whoever has the link and by nobody else."""

from __future__ import annotations

import html
import io
import random
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bot.web import chat, help, rendering
from bot.web.app import create
from bot.worker import _forget_interviews
from common.db import now, reading, transaction
from common.settings import settings
from knowledge.checking import check
from knowledge.guiding import kept
from knowledge.guiding import reading as guide_files
from knowledge.guiding.interview import LONGEST_ANSWER, Interview
from knowledge.guiding.kept import KEPT_DAYS
from knowledge.guiding.served import Guiding
from knowledge.guiding.table import Kept
from knowledge.library import KnowledgeError

GUIDES, _ = guide_files.read()
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}{% raw %}"
WORDS = yaml.safe_load((rendering.PAGES / "words.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def known() -> Guiding:
    """The project's guides, read once for all tests. (Whether they are without mistakes is tested where they are.)"""
    checked = check()
    return Guiding(checked.guides, checked.library, checked.drafts)


@pytest.fixture
def client(database: str, known: Guiding, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(help, "served", lambda: known)
    with TestClient(create(settings())) as opened:
        yield opened


@dataclass
class Form:
    """A form of a page: where it goes, what it sends by itself, its fields, and its buttons."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a browser without scripts can do with a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.tags.append((tag, said))
        name = said.get("name") or ""
        if tag == "form":
            assert said.get("method") == "post"
            self.forms.append(Form(said.get("action") or ""))
        elif tag == "input" and said.get("type") == "hidden":
            self.forms[-1].hidden[name] = said.get("value") or ""
        elif tag in ("input", "textarea") and name:
            self.forms[-1].fields.append(name)
        elif tag == "button" and said.get("type") != "button":
            self.forms[-1].buttons.append((name, said.get("value") or ""))

    def of(self, end: str) -> Form:
        """The form that goes to an address with this end."""
        return next(form for form in self.forms if form.action.endswith(end))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def begun(client: TestClient, guide: str = "support-of-parents") -> str:
    """Begin; the address."""
    response = client.post("/help/start", data={"guide": guide}, follow_redirects=False)
    assert response.status_code == 303
    return response.headers["location"]


def press(client: TestClient, at: str, end: str = "", **data: str) -> Any:
    """Press a button of the page at an address as a browser does; the page after."""
    form = Page(client.get(at).text).of(at + end)
    return client.post(form.action, data={**form.hidden, **data})


def standing(at: str) -> tuple[Kept, Interview]:
    with reading() as session:
        found = kept.get(session, at.rsplit("/", 1)[1])
    assert found
    return found, Interview.of(found.state)


def to_words(client: TestClient) -> str:
    """An interview at a question for words."""
    rand = random.Random(1)
    while True:
        at = begun(client, "domestic-violence")
        page = client.get(at).text
        while 'id="answer"' not in page and 'class="steps"' not in page:
            choices = [value for name, value in Page(page).of(at).buttons if name == "choice"]
            page = press(client, at, choice=rand.choice(choices)).text
        if 'id="answer"' in page:
            return at


def shown(text: str) -> str:
    """What is written on a page, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", text))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_guide_leads_to_a_result_by_whatever_way(client: TestClient, known: Guiding, guide: str) -> None:
    rand = random.Random(guide)
    for _ in range(3):
        at = begun(client, guide)
        for number in range(1, 60):
            response = client.get(at)
            assert response.status_code == 200
            if 'class="steps"' in response.text:
                break
            assert f"第{number}问" in response.text
            form = Page(response.text).of(at)
            if form.fields:
                assert form.fields == ["answer"] and form.buttons == [("", ""), ("skip", "1")]
                data = rand.choice([{"answer": "三千"}, {"answer": "王桂兰"}, {"skip": "1", "answer": ""}])
            else:
                name, value = rand.choice(form.buttons)
                data = {name: value}
            after = client.post(form.action, data={**form.hidden, **data}, follow_redirects=False)
            assert (after.status_code, after.headers["location"]) == (303, at)
        found, stands = standing(at)
        result = known.guides[guide].results[stands.at]
        text = shown(response.text)
        assert found.ended_at is not None
        for words in (result.position, *result.steps, *result.papers, *result.warnings, result.phone):
            assert words in text
        for office in result.where:
            assert known.library.offices[office].name in text
        assert all(known.library.entries[entry].question in text for entry in result.entries)


def test_the_list_shows_every_guide_and_where_to_call(client: TestClient, known: Guiding) -> None:
    text = client.get("/help").text
    assert [value for _, value in Page(text).of("/help/start").buttons] == list(known.guides)
    assert all(html.escape(g.title) in text and html.escape(g.about) in text for g in known.guides.values())
    assert {a["href"] for a in Page(text).all("a")} >= {"tel:110", "tel:120", "tel:12348"}


def test_a_guide_there_is_not_leads_back_to_the_list(client: TestClient) -> None:
    for data in ({"guide": "nothing"}, {"guide": HOSTILE}, {}):
        response = client.post("/help/start", data=data, follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (303, "/help")


def test_a_step_back_asks_again_and_the_first_question_has_none(client: TestClient) -> None:
    at = begun(client)
    first = client.get(at).text
    assert f'action="{at}/back"' not in first
    second = press(client, at, choice="3").text
    assert "第2问" in second
    assert "第1问" in press(client, at, "/back").text
    assert standing(at)[1].steps == ()
    version = standing(at)[0].version
    client.post(f"{at}/back", data={"version": str(version)})
    assert standing(at)[1].steps == (), "at the first question nothing changes"


def test_a_result_can_be_gone_back_from(client: TestClient) -> None:
    at = begun(client)
    assert 'class="steps"' in press(client, at, choice="1").text
    assert standing(at)[0].ended_at is not None
    assert "第1问" in press(client, at, "/back").text
    assert standing(at)[0].ended_at is None


def test_skipping_needs_no_words_and_an_empty_answer_is_no_skip(client: TestClient) -> None:
    at = to_words(client)
    steps = len(standing(at)[1].steps)
    for words in ("", "   ", "\u3000", "\x00\x01"):
        assert WORDS["note_empty"] in press(client, at, answer=words).text
    assert len(standing(at)[1].steps) == steps
    press(client, at, answer="", skip="1")
    last = standing(at)[1].steps[-1]
    assert (last.choice, last.said) == (None, "")


@pytest.mark.parametrize("choice", ["0", "99", "-1", "x", "", "1.5", "²", "9" * 5000, HOSTILE])
def test_a_choice_there_is_not_is_asked_for_again(client: TestClient, choice: str) -> None:
    at = begun(client)
    assert WORDS["note_choose"] in press(client, at, choice=choice).text
    assert standing(at)[1].steps == ()


def test_an_answer_to_a_question_answered_meanwhile_changes_nothing_and_is_told_kindly(client: TestClient) -> None:
    at = begun(client)
    stale = Page(client.get(at).text).of(at).hidden
    press(client, at, choice="3")
    before = standing(at)[0]
    for data in ({**stale, "choice": "4"}, {"choice": "4"}, {"version": "x", "choice": "4"}, {"version": "99"}):
        response = client.post(at, data=data)
        assert response.status_code == 200 and WORDS["note_changed"] in response.text and "第2问" in response.text
    for end in ("/back", "/again"):
        assert WORDS["note_changed"] in client.post(at + end, data=stale).text
    assert (standing(at)[0].version, standing(at)[0].state) == (before.version, before.state)


def test_a_button_pressed_twice_is_one_answer_and_no_reproach(client: TestClient) -> None:
    at = begun(client)
    hidden = Page(client.get(at).text).of(at).hidden
    for _ in range(3):
        response = client.post(at, data={**hidden, "choice": "3"})
        assert "第2问" in response.text and WORDS["note_changed"] not in response.text
    assert len(standing(at)[1].steps) == 1


def test_an_answer_to_a_result_changes_nothing(client: TestClient) -> None:
    at = begun(client)
    press(client, at, choice="1")
    version = str(standing(at)[0].version)
    assert 'class="steps"' in client.post(at, data={"version": version, "choice": "1"}).text
    assert len(standing(at)[1].steps) == 1


@pytest.mark.parametrize("token", ["nothing", "a" * 26, "%00" * 26, "%2e%2e%2fetc", "start", "é", "a" * 3000])
def test_an_unknown_link_is_told_in_plain_words_with_the_way_back(client: TestClient, token: str) -> None:
    response = client.get(f"/help/{token}")
    assert response.status_code == 404 and WORDS["gone_title"] in response.text and 'href="/help"' in response.text
    for end in ("/back", "/again") if token == "start" else ("", "/back", "/again"):
        assert client.post(f"/help/{token}{end}", data={"version": "1", "choice": "1"}).status_code in (404, 405)
    assert client.get(f"/help/{token}/paper.pdf").status_code == 404


def test_a_link_nobody_used_for_long_is_gone_and_the_worker_removes_it(client: TestClient) -> None:
    at, young = begun(client), begun(client)
    with transaction() as session:
        long_ago = now() - timedelta(days=KEPT_DAYS, hours=1)
        session.execute(update(Kept).where(Kept.id == at.rsplit("/", 1)[1]).values(changed_at=long_ago))
    assert client.get(at).status_code == 404
    _forget_interviews()
    with reading() as session:
        assert [row.id for row in session.query(Kept)] == [young.rsplit("/", 1)[1]]


def test_what_was_filled_in_can_be_deleted_for_good(client: TestClient) -> None:
    at = to_words(client)
    press(client, at, answer="王桂兰")
    response = press(client, at, "/forget")
    assert response.url.path == "/help" and WORDS["note_forgotten"] in response.text
    assert client.get(at).status_code == 404
    with reading() as session:
        left = [(row.id, row.state) for row in session.query(Kept)]
    assert at.rsplit("/", 1)[1] not in str(left) and "王桂兰" not in str(left)
    assert client.post(f"{at}/forget").status_code == 200, "once more does no harm"


def test_beginning_again_keeps_the_link_and_drops_the_answers(client: TestClient) -> None:
    at = begun(client)
    press(client, at, choice="1")
    response = press(client, at, "/again")
    assert "第1问" in response.text and WORDS["note_again"] in response.text
    assert standing(at)[1].steps == () and standing(at)[0].ended_at is None


def test_hostile_answers_are_shown_as_they_were_written_and_do_nothing(client: TestClient) -> None:
    at = to_words(client)
    page = press(client, at, answer=HOSTILE).text
    while 'class="steps"' not in page:
        form = Page(page).of(at)
        page = press(client, at, **({"answer": HOSTILE} if form.fields else dict([form.buttons[0]]))).text
    assert HOSTILE in html.unescape(page)
    assert "<script>alert" not in page and "<img src=x" not in page and "onerror" not in str(Page(page).tags)
    assert client.get(f"{at}/paper.pdf").content.startswith(b"%PDF")


def test_hostile_addresses_are_not_echoed(client: TestClient) -> None:
    for address in ("/help?note=<script>&size=<script>", f"/help/{'x' * 9}<script>alert(1)</script>?note=choose"):
        text = client.get(address).text
        assert "<script>" not in text.replace('<script src="/static/help.js" defer></script>', "")
        assert 'class="fs1"' in text


def test_a_very_long_answer_is_cut_and_that_is_said(client: TestClient) -> None:
    at = to_words(client)
    assert WORDS["note_cut"].format(longest=LONGEST_ANSWER) in press(client, at, answer="很" * 5000).text
    assert standing(at)[1].steps[-1].said == "很" * LONGEST_ANSWER
    response = client.post(at, data={"answer": "很" * 500_000})
    assert response.status_code == 413 and WORDS["long_title"] in response.text
    assert response.headers["cache-control"] == "no-store"


def test_a_body_that_is_no_form_is_refused_with_a_page(client: TestClient) -> None:
    at = begun(client)
    for content, kind in (
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"x", "multipart/form-data; boundary=y"),
        (b"{}", "application/json"),
    ):
        response = client.post(at, content=content, headers={"content-type": kind})
        assert response.status_code in (200, 400) and "<h1" in response.text
    files = {"choice": ("a.txt", b"1", "text/plain")}
    assert client.post(at, files=files, data={"version": "1"}).status_code in (200, 400)
    assert standing(at)[1].steps == ()


def test_what_guards_the_secret_is_on_every_answer(client: TestClient) -> None:
    at = to_words(client)
    answers = [client.get(at), client.get(f"{at}/paper.pdf"), client.get("/help/nothing"), client.get(f"{at}/back")]
    answers += [client.post(at, data={"version": "1"}, follow_redirects=False)]
    answers += [client.post(at, data={}, headers={"origin": "https://evil.example"})]
    for answer in answers:
        headers = answer.headers
        assert headers["cache-control"] == "no-store" and headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"] and headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "form-action 'self'" in headers["content-security-policy"]
    assert '<meta name="robots" content="noindex, nofollow">' in answers[0].text
    assert "x-robots-tag" not in client.get("/help").headers


def test_pages_hold_no_script_or_style_of_their_own_and_nothing_from_elsewhere(client: TestClient) -> None:
    at = to_words(client)
    done = begun(client)
    press(client, done, choice="1")
    for address in ("/help", at, done, "/help/nothing"):
        page = Page(client.get(address).text)
        assert [a for a in page.all("script") if not (a.get("src") or "").startswith("/static/")] == []
        assert page.all("style") == []
        for _, attrs in page.tags:
            assert not [name for name in attrs if name.startswith("on") or name == "style"]
            assert (attrs.get("href") or "/").startswith(("/", "tel:", "?", "#", "http://testserver/help/"))
            assert (attrs.get("src") or "/").startswith("/")
    for name in ("help.css", "help.js"):
        text = client.get(f"/static/{name}").text
        assert "http://" not in text and "https://" not in text and "//cdn" not in text


def test_pages_have_one_heading_labels_and_the_language(client: TestClient) -> None:
    at = to_words(client)
    done = begun(client)
    press(client, done, choice="1")
    for address in ("/help", at, done, "/help/nothing"):
        page = Page(client.get(address).text)
        assert len(page.all("h1")) == 1 and page.all("html")[0]["lang"] == "zh-CN"
        labels = {attrs.get("for") for attrs in page.all("label")}
        boxes = [*page.all("textarea"), *(a for a in page.all("input") if a.get("type") in ("text", "tel"))]
        assert all(box.get("id") in labels for box in boxes)
        assert {a["href"] for a in page.all("a")} >= {"tel:12348"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "not an address"},
    ],
)
def test_posts_from_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    at = begun(client)
    for end in ("", "/back", "/again", "/forget"):
        response = client.post(at + end, data={"version": "1", "choice": "3"}, headers=headers)
        assert response.status_code == 403 and WORDS["refused_title"] in response.text
    assert client.post("/help/start", data={"guide": "work-injury"}, headers=headers).status_code == 403
    assert standing(at)[1].steps == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"origin": "null"},
        {"origin": "http://testserver"},
        {"origin": "https://testserver"},
        {"origin": "https://xiaoge.example.cn"},
        {},
    ],
)
def test_posts_from_our_own_page_are_taken_whatever_the_browser_says_of_it(
    client: TestClient, use_settings: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    use_settings.setenv("XIAOGE_PUBLIC_URL", "https://xiaoge.example.cn/")
    settings.cache_clear()
    at = begun(client)
    assert "第2问" in client.post(at, data={"version": "1", "choice": "3"}, headers=headers).text


def test_the_link_to_send_is_the_public_one_if_there_is_one(
    client: TestClient, use_settings: pytest.MonkeyPatch
) -> None:
    at = begun(client)
    assert f'href="http://testserver{at}"' in client.get(at).text
    use_settings.setenv("XIAOGE_PUBLIC_URL", "https://xiaoge.example.cn/")
    settings.cache_clear()
    assert f'href="https://xiaoge.example.cn{at}"' in client.get(at).text


@pytest.mark.parametrize("wrong", ["xiaoge.example.cn", "ftp://xiaoge.example.cn", "https://", "https://x.cn/?a=1"])
def test_a_public_address_that_is_none_stops_the_start(use_settings: pytest.MonkeyPatch, wrong: str) -> None:
    use_settings.setenv("XIAOGE_PUBLIC_URL", wrong)
    with pytest.raises(ValueError, match="such as https://"):
        settings()


def test_the_size_of_type_is_chosen_without_scripts_and_remembered(client: TestClient) -> None:
    at = begun(client)
    assert 'class="fs1"' in client.get(at).text
    assert 'class="fs3"' in client.get(f"{at}?size=3").text
    assert 'class="fs3"' in client.get("/help").text
    for wrong in ("4", "0", "x", "33"):
        assert 'class="fs3"' in client.get(f"/help?size={wrong}").text
    client.cookies.set("xiaoge_size", "9", path="/help")


def test_emergency_numbers_are_at_hand_while_danger_may_come_of_it(client: TestClient) -> None:
    at = begun(client, "support-of-parents")
    assert {"tel:110", "tel:120"} <= {a["href"] for a in Page(client.get(at).text).all("a")}
    danger = press(client, at, choice="1").text
    assert 'class="phones danger"' in danger
    calm = begun(client, "support-of-parents")
    press(client, calm, choice="3")
    page = client.get(calm).text
    while 'class="steps"' not in page:
        form = Page(page).of(calm)
        page = press(client, calm, **({"skip": "1"} if form.fields else dict([form.buttons[0]]))).text
    result = GUIDES["support-of-parents"].results[standing(calm)[1].at]
    assert ('class="phones danger"' in page) == (result.phone in help.EMERGENCY)


def test_the_papers_are_files_with_a_chinese_name(client: TestClient) -> None:
    at = begun(client)
    response = client.get(f"{at}/paper.pdf", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, at), "not before the end"
    press(client, at, choice="1")
    for kind, begins in (("pdf", b"%PDF"), ("docx", b"PK")):
        response = client.get(f"{at}/paper.{kind}")
        assert response.status_code == 200 and response.content.startswith(begins)
        disposition = response.headers["content-disposition"]
        assert disposition.isascii() and disposition.startswith("attachment; ")
        title = GUIDES["support-of-parents"].title
        assert unquote(disposition.rsplit("UTF-8''", 1)[1]) == f"{title}.{kind}"
    with zipfile.ZipFile(io.BytesIO(response.content)) as file:
        assert "110" in file.read("word/document.xml").decode()
    assert client.get(f"{at}/paper.exe").status_code == 404


def test_a_paper_that_cannot_be_made_is_told_and_nothing_of_it_is_logged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = begun(client)
    press(client, at, choice="1")

    def broken(_document: object) -> bytes:
        raise RuntimeError("王桂兰 said it all")

    monkeypatch.setitem(help.PAPERS, "pdf", (broken, "application/pdf"))
    response = client.get(f"{at}/paper.pdf")
    assert response.status_code == 503 and f'href="{at}"' in response.text
    told = "".join(capsys.readouterr())
    assert "RuntimeError" in told and "王桂兰" not in told and at.rsplit("/", 1)[1] not in told


def test_addresses_that_only_take_answers_lead_back_to_the_question(client: TestClient) -> None:
    at = begun(client)
    for end in ("/back?size=2", "/again", "/forget", "/", "/what/ever"):
        response = client.get(at + end, follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (303, at)


def test_a_guide_that_was_changed_is_told_and_can_be_begun_anew(
    client: TestClient, known: Guiding, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun(client)
    press(client, at, choice="3")
    guide = known.guides["support-of-parents"]
    other = {**known.guides, "support-of-parents": known.guides["work-injury"]}
    monkeypatch.setattr(help, "served", lambda: Guiding(other, known.library, known.drafts))
    response = client.get(at)
    assert response.status_code == 409 and WORDS["changed_title"] in response.text
    assert client.post(at, data={"version": "2", "choice": "1"}).status_code == 409
    form = Page(response.text).of("/again")
    none = {name: g for name, g in known.guides.items() if g is not guide}
    monkeypatch.setattr(help, "served", lambda: Guiding(none, known.library, known.drafts))
    assert WORDS["changed_title"] in client.get(at).text and "/again" not in client.get(at).text
    monkeypatch.setattr(help, "served", lambda: known)
    assert "第1问" in client.post(form.action, data=form.hidden).text


def test_when_the_database_or_the_guides_are_away_a_page_says_so_and_no_log_has_the_link(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = begun(client)
    token = at.rsplit("/", 1)[1]

    def away(*_args: Any) -> Any:
        raise OperationalError("SELECT", {"id": token}, Exception("gone away"))

    def wrong() -> Any:
        raise KnowledgeError(["a.yml:1: wrong"])

    with monkeypatch.context() as patch:
        patch.setattr(kept, "get", away)
        response = client.get(at)
        assert response.status_code == 503 and WORDS["trouble_title"] in response.text
        assert client.post(at, data={"version": "1", "choice": "3"}).status_code == 503
    with monkeypatch.context() as patch:
        patch.setattr(help, "served", wrong)
        assert client.get("/help").status_code == 503
    told = "".join(capsys.readouterr())
    assert token not in told and "OperationalError" in told and "a.yml:1" in told
    assert client.get(at).status_code == 200


def test_every_word_of_the_pages_is_used_and_short_enough_to_be_read() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in rendering.PAGES.glob("*.html"))
    text += "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (help, rendering))
    text += (Path(help.__file__).parent / "guarding.py").read_text(encoding="utf-8")
    text += (Path(help.__file__).parent / "app.py").read_text(encoding="utf-8")
    for name, said in WORDS.items():
        first, _, last = name.rpartition("_")
        parts = (f'"{name}"', f"'{name}'", f'"{last}"', f'"_{last}"', f'"{first}_"', f"'{first}_%d'")
        assert any(part in text for part in parts), name
        assert all(len(sentence) <= 30 for sentence in re.split("[。：？]", said)), name


def test_the_pages_are_light(client: TestClient) -> None:
    assert sum((chat.STATIC / name).stat().st_size for name in ("help.css", "help.js", "icon.svg")) < 40_000
    assert len(client.get("/help").content) < 30_000
