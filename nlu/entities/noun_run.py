"""Where a name begins: back from its last word over the nouns before it, to the first word no name contains."""

from __future__ import annotations

import re

from nlu.entities.numbers import CHINESE
from nlu.text.tokenise import known_word

# Words a name cannot contain: where they stand, the name begins after them.
STOP = frozenset(
    """
    一下 一些 这种 那种 这样 那样 一条 一段 这条 那条 几条 一座 一处 多处 各个 每个 许多 很多 好多 不少 一到 到了 成了 没人 有人
    在 住 住在 是 的 和 到 去 我 你 他 她 它 我们 咱 咱们 俺 俺们 俺家 我家 他们 你们 这
    那 这个 那个 有 从 于 位于 反映 投诉 举报 来电人 来电 市民 居民 业主 说 因为 向 对 给 被
    把 就 就是 就在 家住 地址 地点 位置 靠近 路过 经过 走到 属于 叫 请 请问 希望 建议 关于
    咨询 了 着 过 也 都 还 还有 以及 与 跟 让 但 但是 而 或 每天 现在 最近 目前 本人 您好
    你好 领导 尊敬 看到 发现 回 进 出 买 买的 购买 租 租住 整个 一个 某 某某 该 本 各 我市
    我县 我区 我镇 我村 俺村 全 全市 全村 全县 老 不是 搞错 错 改成 应该 改 为 去年 今年 沿
    沿着 通往 前往 往 至 往返 这里 那里 这边 那边 哪里 哪个 什么 怎么 离 距离 距 等 及 想 要
    能 上 下 里 外 再 又 没 没有 来 来自 开 开往 走 送 接 找 问 听说 附近 旁边 门口 对面
    楼下 隔壁 原 原来 曾 由 所 自 自从 当 拆 建 修 修建 新建
""".split()
)
NAME_CHARS = re.compile(r"[\u4e00-\u9fffA-Za-z0-9·]+$")
MAX_NAME = 14  # characters
MAX_WORDS = 4
# Parts of speech a name is not made of: verbs, adverbs, pronouns, particles, prepositions, conjunctions, measure words.
_NO_NAME_TAG = re.compile(r"^(?:v|vd|vi|vq|d|df|r|rr|rz|u.*|p|c|q|y|e|o|zg|uj|ul|uv|ud|t)$")
# 十一点多幸福里, 半个月前李家屯: the time ends where the name begins.
_TIME = re.compile(
    rf"(?:[\d{CHINESE}几半]*(?:点钟?|个|月份?|天|年|周|日|小时|分钟)(?:多|半|左右|[{CHINESE}]+分?)?|多|半|左右)$"
)
_SINCE = frozenset({"前", "后", "以前", "以后", "之前", "之后"})


def name_start(words: list[tuple[int, str]], flags: list[str], last: int) -> int:
    """Index of the first token of the name that ends with token ``last``."""
    first = last
    while first > 0:
        start, word = words[first - 1]
        ends_a_name = word == "里" and first > 1 and words[first - 2][1] not in STOP
        if (word in STOP and not ends_a_name) or not NAME_CHARS.match(word):
            break
        if flags[first - 1] == "m" and _TIME.match(word):
            break
        if word in _SINCE and first > 1 and _TIME.match(words[first - 2][1]):
            break
        if _NO_NAME_TAG.match(flags[first - 1]) and known_word(word):
            break
        if words[last][0] + len(words[last][1]) - start > MAX_NAME or last - first >= MAX_WORDS:
            break
        first -= 1
    return first
