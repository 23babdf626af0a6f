"""People as they introduce themselves or are spoken of: 我叫王秀兰, 姓李, 张主任, 老王头."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.entities.found import Found

_SURNAME = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
_TITLE = "(?:主任|书记|经理|老板|工头|医生|大夫|老师|校长|院长|队长|所长|局长|科长|村长|支书|律师|法官|警官|师傅|阿姨|大爷|大妈|大娘|大叔|奶奶|爷爷|先生|女士|小姐|某某?|某)"
_CALLED = re.compile(
    rf"(?:我叫|叫做|名叫|姓名[:：是]?|我是|联系人[:：]?|本人)((?:[{_SURNAME}])[\u4e00-\u9fff]{{1,2}})(?=[，。,.;；\s！!、的]|$|电话|住|今年|家住|是)"
)
_TITLED = re.compile(rf"((?:老|小)?[{_SURNAME}][\u4e00-\u9fff]{{0,2}}?{_TITLE})")
_SURNAMED = re.compile(rf"(姓[{_SURNAME}])(?![名])")
_FAMILIAR = re.compile(
    rf"((?:老|小)[{_SURNAME}](?:头|嫂|哥|姐)?)(?![家区路街村庄镇乡道人年旧的钱高大中学水石白金方龙毛成])"
)
_NOT = re.compile(r"^(?:方先生|任何|高老师|白老师|金老板|于小|万先|常主任|石师傅|高阿姨)$")


def find(text: str) -> Iterator[Found]:
    """People named in ``text``."""
    for pattern in (_CALLED, _TITLED, _SURNAMED, _FAMILIAR):
        for match in pattern.finditer(text):
            if not _NOT.match(match[1]):
                yield Found("person", match.start(1), match.end(1))
