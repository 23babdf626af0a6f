"""Names of employers, firms and institutions. Bare 物业, 社区, 派出所 are not names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.entities.found import Found

_TAIL = (
    r"(?:有限责任公司|股份有限公司|有限公司|集团公司|分公司|总公司|公司|集团|物业公司|物业服务中心|物业|项目部|工程队|劳务队|建筑队|施工队|合作社|"
    r"银行|信用社|证券|保险|房产中介|中介|健身房|健身馆|美容院|理发店|培训学校|培训机构|培训班|教育机构|驾校|养老院|敬老院|福利院|诊所|药店|大药房|药房|超市|商场|酒店|宾馆|饭店|饭馆|烧烤店|火锅店|"
    r"幼儿园|小学|中学|高中|一中|二中|三中|职校|大学|学院|医院|卫生院|卫生室|卫生服务中心|服装厂|食品厂|电子厂|鞋厂|家具厂|机械厂|化工厂|纺织厂|水泥厂|砖厂|渔业公司|"
    r"派出所|法院|检察院|人社局|城管局|住建局|教育局|民政局|街道办事处|居委会|村委会|业委会)"
)
_NAME = re.compile(rf"([\u4e00-\u9fffA-Za-z0-9()（）·]{{2,16}}?){_TAIL}")
_START = re.compile(
    r".*(?:我是|我在|他在|她在|就在|我家|人在|你们|他们|我们|咱们|咱|俺们|俺|这个|那个|一个|一家|有家|这家|那家|的|是|在|给|向|去|到|找|和|跟|与|被|从|对|由|让|叫|把|了|说|于|由于|因为|经|请|现|原|该|本|"
    r"反映|投诉|举报|咨询|来电人|入职|进了|打工|上班|帮|替|买|办|交|送|家|还有|开发商|老板|承包方|路边|门口|旁边|楼下|附近)"
)
_HOLLOW = re.compile(
    r"^(?:一|这|那|某|各|本|该|贵|原|新|老|小|大|旧|前|后|咱|我们|你们|他们|哪个?|什么|其他|别的|多家|几家|两家|好几家|所有|全部|有关|相关|当地|附近|镇上的?|村里的?|县里的?|市里的?)?$"
)


def find(text: str) -> Iterator[Found]:
    """Named organisations in ``text``."""
    for match in _NAME.finditer(text):
        name = match[1]
        cut = _START.match(name)
        offset = cut.end() if cut else 0
        head = name[offset:]
        if len(head) < 2 or _HOLLOW.match(head):
            continue
        yield Found("org", match.start() + offset, match.end())
