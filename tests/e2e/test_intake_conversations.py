"""Residents talk, over the WeChat endpoint in AES mode, with the real engine, action server, web app, worker and database."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from running_stack import RunningStack
from sqlalchemy import select

from bot.model import Conversation
from cases import numbers, service
from cases.model import Ticket
from cases.places.earth import wgs84_to_gcj02
from common.db import reading, transaction
from xiaoge.wechat_client import WeChatResident

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def conversation_of(resident: WeChatResident) -> Conversation:
    with reading() as session:
        return session.scalars(select(Conversation).where(Conversation.user == resident.user)).one()


def tickets_of(resident: WeChatResident) -> list[Ticket]:
    reporter = conversation_of(resident).id
    with reading() as session:
        found = sorted(service.of_reporter(session, reporter), key=lambda t: t.id)
        return [service.get(session, t.number) for t in found]


def talk(resident: WeChatResident, *lines: str) -> list[str]:
    return [resident.say(line) for line in lines]


def go_on(resident: WeChatResident, answer: str, until: str) -> str:
    """Answer whatever is asked with a plain word until ``until`` is said; a real resident would give up after a dozen."""
    for _ in range(12):
        if until in answer:
            return answer
        answer = resident.say("对" if "对不对" in answer else "不知道")
    pytest.fail(f"never came to {until!r}; last: {answer!r}")


def test_one_message_that_says_everything_files_after_one_confirmation(stack: RunningStack) -> None:
    resident = stack.resident()
    asked = resident.say("幸福里3号楼楼下烧烤店的大喇叭从上个月开始每天半夜还在响，吵得睡不着")
    assert "您看我记得对不对" in asked and "幸福里3号楼" in asked
    filed = resident.say("对")
    (ticket,) = tickets_of(resident)
    assert numbers.spoken(ticket.number) in filed
    assert (ticket.category, ticket.type, ticket.grid) == ("environment", "environment.noise", "S0101G1")
    assert ticket.status == "dispatched" and [e.action for e in ticket.events] == ["report", "dispatch"]


def test_it_asks_for_the_place_and_at_most_three_more_things(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("老板拖欠我们的工资一直不给")
    questions = []
    while "您看我记得对不对" not in answer:
        questions.append(answer)
        assert len(questions) <= 4
        answer = resident.say(
            "东关大街的工地"
            if "在什么地方" in answer
            else "鸿运建筑公司"
            if "公司" in answer
            else "五个人"
            if "几个人" in answer
            else "八万块"
        )
    assert "您看我记得对不对" in answer
    resident.say("对")
    (ticket,) = tickets_of(resident)
    assert ticket.type == "dispute.labor"
    assert {"鸿运建筑公司"} <= {a["answer"] for a in ticket.answers.values()}


def test_a_wrong_building_is_corrected_in_words(stack: RunningStack) -> None:
    resident = stack.resident()
    talk(resident, "幸福里9号楼2单元楼道的灯坏了三天了")
    answer = go_on(resident, resident.say("不知道"), "您看我记得对不对")
    corrected = resident.say("地址说错了，是4号楼")
    assert "幸福里4号楼" in corrected and "9号楼" not in corrected.split("地点")[1], answer
    resident.say("对")
    (ticket,) = tickets_of(resident)
    assert ticket.place is not None and "4号楼" in ticket.place and ticket.grid == "S0101G1"


def test_asking_something_else_in_the_middle_comes_back_to_the_question(stack: RunningStack) -> None:
    resident = stack.resident()
    talk(resident, "垃圾桶满了好几天没人收")
    aside = resident.say("你是真人还是机器人")
    assert "机器人" in aside and "接着说" in aside and "在什么地方" in aside
    assert "对不对" in resident.say("锦绣花园5号楼下") or tickets_of(resident) == []


def test_anonymous_reports_carry_no_name_into_the_history(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("幸福里3号楼楼下饭店油烟味太呛人了，去年就这样")
    go_on(resident, answer, "您看我记得对不对")
    assert "不留名" in resident.say("匿名")
    resident.say("对")
    (ticket,) = tickets_of(resident)
    assert ticket.anonymous and ticket.events[0].actor is None


def test_cancelling_files_nothing(stack: RunningStack) -> None:
    resident = stack.resident()
    talk(resident, "小区门口的路灯坏了", "算了不报了")
    assert tickets_of(resident) == []


def test_two_matters_in_one_message_are_filed_one_after_the_other(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("幸福里2号楼楼下路灯坏了三天没人修，另外楼上邻居天天半夜跺脚吵得睡不着")
    assert "2件事" in answer
    for _ in range(12):
        answer = resident.say("对" if "对不对" in answer else "不清楚")
        if "报上去了。工单号" in answer and "再说下一件" not in answer:
            break
    assert {t.type for t in tickets_of(resident)} == {"environment.facility", "dispute.neighbor"}


@pytest.mark.parametrize(
    ("danger", "number"),
    [("我家厨房着火了烟特别大快来人", "119"), ("屋里煤气味特别大人都头晕了", "119"), ("楼下有人拿刀追着人砍", "110")],
)
def test_danger_to_life_gets_the_safety_line_first_and_is_filed_at_once(
    stack: RunningStack, danger: str, number: str
) -> None:
    resident = stack.resident()
    answer = resident.say(danger)
    assert number in answer.split("工单号")[0], "what to do now comes before the number of the ticket"
    (ticket,) = tickets_of(resident)
    assert ticket.urgent and numbers.spoken(ticket.number) in answer
    assert "在什么地方" in answer
    resident.say("锦绣花园12号楼3楼")
    (ticket,) = tickets_of(resident)
    assert ticket.place is not None and "锦绣花园" in ticket.place, "what is learnt later is added to the same ticket"


def test_low_confidence_asks_instead_of_guessing(stack: RunningStack) -> None:
    vague = (
        "他们家的事影响到我们了",
        "门口那个东西放了半年了没人管",
        "路边那家店太不像话了",
        "村里答应的事没兑现",
        "那个钱到现在还没到账",
    )
    for text in vague:
        resident = stack.resident()
        if "您说的是哪一件" in (answer := resident.say(text)):
            break
    assert "您说的是哪一件" in answer and "①" in answer and "都不是" in answer
    assert tickets_of(resident) == []
    assert "什么事" in resident.say("都不是")
    answer = resident.say("他家养的狗半夜总叫唤")
    assert "您说的是哪一件" not in answer, "said in other words, it is understood"


def test_progress_is_told_by_number_in_any_spelling_and_without_one(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("人民路和解放街路口的路灯坏了两盏，一个礼拜了")
    answer = go_on(resident, answer, "报上去了。工单号")
    number = re.search(r"\d{3}-\d{3}-\d{3}", answer)
    assert number
    plain = number[0].replace("-", "")
    chinese = "".join("零一二三四五六七八九"[int(c)] for c in plain)
    for spelling in (
        number[0],
        plain,
        " ".join(plain),
        chinese,
        "查一下工单" + plain.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ):
        assert "已分派" in resident.say(spelling), spelling
    for words in ("进展", "我刚才反映的那个事咋样了", "我反映的路灯的事有结果了吗"):
        assert number[0] in resident.say(words), words
    stranger = stack.resident()
    told = stranger.say(number[0])
    assert "已分派" in told and "路灯" not in told, "a stranger learns how it stands, not what it is about"


def test_asking_for_a_person_marks_the_conversation(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = talk(resident, "邻居家漏水把我家天花板泡了", "我要找真人，给我转人工")[-1]
    assert "工作人员" in answer and "12345" in answer
    conversation = conversation_of(resident)
    assert conversation.mode == "waiting" and "漏水" in (conversation.handover_note or "")


def test_a_scanned_code_makes_the_building_enough(stack: RunningStack) -> None:
    resident = stack.resident()
    hello = resident.send("event", Event="SCAN", EventKey="grid_S0101G2", Ticket="t")
    assert "幸福社区第二网格" in hello
    answer = resident.say("8号楼下的垃圾三天没人收了")
    answer = go_on(resident, answer, "报上去了。工单号")
    (ticket,) = tickets_of(resident)
    assert ticket.grid == "S0101G2"


def test_a_photo_and_a_pin_belong_to_the_matter(stack: RunningStack) -> None:
    import io

    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "gray").save(picture, "JPEG")
    stack.fake.media["m1"] = picture.getvalue()
    resident = stack.resident()
    assert "照片收到" in resident.send("image", PicUrl="http://x/", MediaId="m1")
    answer = resident.say("路面塌了个大坑，前天晚上还有人骑车摔了")
    lat, lng = wgs84_to_gcj02(37.20548, 122.03796)  # as WeChat's maps have it
    answer = resident.send("location", Location_X=f"{lat:.6f}", Location_Y=f"{lng:.6f}", Scale="16", Label="幸福路")
    assert "定位收到" in answer
    go_on(resident, answer, "工单")
    (ticket,) = tickets_of(resident)
    assert len(ticket.attachments) == 1 and ticket.lat == pytest.approx(37.20548) and ticket.grid == "S0101G1"
    assert (
        stack.config.photos / ticket.attachments[0].reference[:2] / f"{ticket.attachments[0].reference}.jpg"
    ).exists()


def test_a_voice_message_is_as_good_as_a_typed_one(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.send(
        "voice", MediaId="v", Format="amr", Recognition="那个俺村李家屯东头的路灯坏了都十来天了也没人管"
    )
    assert "您看我记得对不对" in answer or "？" in answer
    assert "没转成文字" in resident.send("voice", MediaId="v2", Format="amr")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😡😡😡", "没弄明白"),
        ("啊" * 20000, "字太多"),
        ("/restart", "没弄明白"),
        ("/event_scan", "没弄明白"),
        ("１２３", ""),
        ("\ud83d\ude21"[:0] + "？", ""),
    ],
)
def test_odd_messages_get_a_clear_sentence_and_the_next_one_is_understood(
    stack: RunningStack, text: str, expected: str
) -> None:
    resident = stack.resident()
    answer = resident.say(text)
    assert answer and expected in answer
    assert "您看我记得对不对" in resident.say("幸福里3号楼楼下烧烤店从上个月开始每天半夜还在响，吵得睡不着")


def test_traditional_characters_are_understood_and_kept_as_written(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("幸福裡3號樓樓下燒烤店從上個月開始每天半夜還在吵，喇叭聲很大")
    answer = go_on(resident, answer, "报上去了。工单号")
    (ticket,) = tickets_of(resident)
    assert "燒烤店" in ticket.text and ticket.grid == "S0101G1"


def test_correcting_after_filing_reaches_the_ticket(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("幸福里3号楼楼下烧烤店的大喇叭从上个月开始每天半夜还在响")
    answer = go_on(resident, answer, "报上去了。工单号")
    assert "补到工单" in resident.say("地址说错了，是5号楼")
    (ticket,) = tickets_of(resident)
    assert ticket.place is not None and "5号楼" in ticket.place


def test_a_report_left_unfinished_is_filed_as_it_is_and_the_resident_is_told(stack: RunningStack) -> None:
    resident = stack.resident()
    assert "在什么地方" in resident.say("楼下垃圾好几天没人收，臭得开不了窗")
    with transaction() as session:
        conversation = session.scalars(select(Conversation).where(Conversation.user == resident.user)).one()
        assert conversation.open_since is not None
        conversation.open_since -= timedelta(hours=1)
    told = stack.fake.wait_for_push(resident.user, 40)
    resident.pushes_seen = len(told)
    assert any("先按您说的报上去了" in text for text in told)
    (ticket,) = tickets_of(resident)
    assert ticket.needs_review and ticket.status == "registered", "a person looks at it before it goes on"
    assert "补到工单" in resident.say("地址说错了，是幸福里4号楼") or tickets_of(resident)[0].place


def test_a_finished_report_is_not_waited_for(stack: RunningStack) -> None:
    resident = stack.resident()
    go_on(resident, resident.say("幸福里3号楼楼下烧烤店从上个月开始每天半夜还在响，吵得睡不着"), "报上去了。工单号")
    assert conversation_of(resident).open_since is None
