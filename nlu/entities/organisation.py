"""Names of employers, firms and institutions. Bare 物业, 社区, 派出所 are not names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.entities.found import Found
from nlu.entities.noun_run import name_start
from nlu.text.tokenise import known_word, placed_words

_KIND = re.compile(
    r"(?:公司|集团|物业|物业服务中心|项目部|工程队|劳务队|建筑队|施工队|合作社|银行|信用社|证券|保险|中介|健身房|健身馆|美容院|理发店|培训学校|培训机构|培训班|教育机构|驾校|"
    r"养老院|敬老院|福利院|诊所|药店|药房|大药房|超市|商场|酒店|宾馆|饭店|饭馆|餐馆|烧烤店|烧烤|火锅店|豆浆|幼儿园|小学|中学|高中|[一二三四五六七八九十]中|职校|职高|大学|学院|"
    r"医院|卫生院|卫生室|服务中心|保健院|疾控中心|[\u4e00-\u9fff]{0,3}厂|渔业公司|地产|置业|家居|家装|装饰|口腔|派出所|街道办事处|妇联|残联|工会|消协|联合会|委员会|组织部|纪委)$"
)
_BUREAU = re.compile(
    r"(?:(?:(?![我你他她咱俺们找给过了在被问跟到去])[\u4e00-\u9fff]){1,3}?[省市县区镇]|市|县|区|镇|省)?(?:人社|人力资源和社会保障|城管|城市管理|住建|住房和城乡建设|教育|教体|民政|公安|交通运输|交通|交警|水利|水务|环保|生态环境|"
    r"卫健|卫生健康|医保|医疗保障|社保|信访|市场监管|市场监督管理|自然资源和规划|自然资源|农业农村|行政审批服务?|应急管理|应急|退役军人事务|财政|税务|文旅|文化和旅游|司法|林业|规划|国土|房管|"
    r"综合执法|综合行政执法|气象|供电|邮政|统计|粮食|商务|园林|环卫|公路|审计|金融|体育|民宗|畜牧)局"
)
_GENERIC = re.compile(
    r"^(?:物业|开发|房产|装修|装饰|建筑|劳务|燃气|供电|供热|供水|自来水|热力|公交|快递|外卖|保险|广告|网贷|贷款|中介|家政|搬家|旅游|保洁|保安|施工|承包|食品|社区|乡镇|镇|村|市|县|区|"
    r"私立|公立|公办|民办|普惠|配套|附近|普通|连锁|大型|小|大|老|新|外地|本地|当地|商业|国有|农村|城区|人民|中心|二级|三级|三甲|第三方|相关|有关|某|各|人寿|车|医疗|商铺|物流|劳动|基层)+"
    r"(?:公司|集团|物业|银行|保险|中介|超市|商场|酒店|宾馆|饭店|饭馆|幼儿园|小学|中学|高中|大学|医院|卫生院|诊所|药店|项目部|工程队|施工队|劳务队|培训班|厂|服务中心)$"
)


def is_institution(name: str) -> bool:
    """Whether a name ends with the word for an institution, as names of organisations do."""
    return bool(_KIND.search(name) or _BUREAU.search(name))


def find(text: str) -> Iterator[Found]:
    """Named organisations in ``text``: an institution word with the words of its name before it."""
    for match in _BUREAU.finditer(text):
        yield Found("org", match.start(), match.end())
    words, flags = placed_words(text)
    for i, (start, word) in enumerate(words):
        if not _KIND.search(word):
            continue
        following = words[i + 1][1] if i + 1 < len(words) else ""
        if _KIND.search(following) or following.startswith(("费", "员", "车", "卡", "单", "合同", "理赔")):
            continue  # 鸿运物业 + 公司 is one name; 物业 + 费 is none
        first = name_start(words, flags, i)
        begin, end = words[first][0], start + len(word)
        name = text[begin:end]
        if len(name) < 4 or _GENERIC.match(name) or (first == i and known_word(word)):
            continue
        yield Found("org", begin, end)
