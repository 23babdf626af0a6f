"""Legal help over the WeChat endpoint, with the real engine, action server, web app, worker and database."""

from __future__ import annotations

import re

import httpx
import pytest
from running_stack import RunningStack
from sqlalchemy import select

from bot.model import Conversation
from cases import service
from cases.model import Ticket
from common.db import reading
from common.settings import settings
from knowledge.guiding import kept
from xiaoge.wechat_client import WeChatResident

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def conversation_of(resident: WeChatResident) -> Conversation:
    with reading() as session:
        return session.scalars(select(Conversation).where(Conversation.user == resident.user)).one()


def number_before(words: str, said: str) -> str:
    """The circled number in front of an offer, as the resident would type it."""
    found = re.search(rf"([①-⑨])\s*[^①-⑨\n]*{words}", said)
    assert found, said
    return str("①②③④⑤⑥⑦⑧⑨".index(found[1]) + 1)


def test_an_answer_leads_into_a_guide_that_can_be_left_and_taken_up(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("儿子不给养老钱咋办")
    assert "赡养费" in answer and "《民法典》" in answer and "12348" in answer
    first = resident.say(number_before("一步一步", answer))
    assert "第1问" in first
    second = resident.say("没危险，就是不给钱、不管")
    assert "第2问" in second
    assert "第1问" in resident.say("上一步")
    assert "第2问" in resident.say("3")
    assert "接着来" in resident.say("先不弄了")
    assert "第2问" in resident.say("接着来")
    with reading() as session:
        row = kept.latest(session, conversation_of(resident).id)
    assert row is not None and row.guide == "support-of-parents"


def test_the_page_of_an_interview_goes_on_where_the_chat_is(stack: RunningStack) -> None:
    resident = stack.resident()
    resident.say(number_before("一步一步", resident.say("儿子不给养老钱咋办")))
    resident.say("3")
    with reading() as session:
        row = kept.latest(session, conversation_of(resident).id)
    assert row
    config = settings()
    page = httpx.get(f"http://{config.web_host}:{config.web_port}/help/{row.id}", trust_env=False)
    assert page.status_code == 200
    assert "您是老人自己，还是替老人问的？" in page.text


def test_mediation_is_filed_as_a_ticket_of_its_kind(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("楼上漏水泡坏我家天花板，不赔能告吗")
    said = resident.say(number_before("请人来调解", answer))
    for _ in range(8):
        if "工单号" in said:
            break
        said = resident.say("对" if "对不对" in said else "幸福里3号楼2单元401" if "什么地方" in said else "不知道")
    [number] = [t.number for t in _tickets(resident)]
    with reading() as session:
        assert service.get(session, number).mediation == "people"


def _tickets(resident: WeChatResident) -> list[Ticket]:
    with reading() as session:
        return list(service.of_reporter(session, conversation_of(resident).id))


def test_a_legal_question_in_the_middle_of_a_report_does_not_lose_the_report(stack: RunningStack) -> None:
    resident = stack.resident()
    asked = resident.say("楼下烧烤店的喇叭天天半夜响")
    assert "什么地方" in asked
    answer = resident.say("房东不退我的押金，请问我能去法院告他吗")
    assert "押金" in answer and "咱们接着说刚才那件事" in answer and "什么地方" in answer
    assert "对不对" in resident.say("幸福里3号楼") or "从什么时候" in resident.say("说完了")


def test_a_fraud_in_progress_is_stopped_before_anything_else(stack: RunningStack) -> None:
    said = stack.resident().say("有个公安局的打电话说我卡犯罪了，让我现在把钱转到安全账户，正在念验证码")
    assert "先停" in said and "96110" in said and "110" in said


def test_slow_mode_says_one_thing_at_a_time_and_stays_on(stack: RunningStack) -> None:
    resident = stack.resident()
    assert "慢慢说" in resident.say("慢一点")
    first = resident.say("儿子不给养老钱咋办")
    assert "第一步" not in first and "接着说" in first
    assert "第一步" in resident.say("1")
    assert conversation_of(resident).slow
    assert re.search(r"\d{3,}", resident.say("谢谢"))
    resident.say("正常说")
    assert not conversation_of(resident).slow
