"""What cells look like where no standard judges them: names of organisations and persons, addresses, numbers of documents.

Belongs here: patterns counted over a column. Does not belong here: what is valid (`standards`) and which type a column gets (`kinds.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_SURNAMES: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖"
    "邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边"
)
_ORG: Final = (
    r"(公司|集团|厂|店|部|局|院|所|中心|协会|学会|商会|基金会|合作社|联合社|银行|支行|分行|医院|学校|大学|学院|幼儿园|委员会|办公室|事务所|工作室|超市|餐厅|饭店|酒店|经营部|门市|农场|基地|站|社|馆|队|处|诊所|药房|网吧|加油站)"
    r"([（(].*[)）])?$"
)
_PATTERNS: Final[Mapping[str, str]] = {
    "org": _ORG,
    "person": rf"^[{_SURNAMES}][\x{{4E00}}-\x{{9FFF}}*＊]{{1,2}}$|^[\x{{4E00}}-\x{{9FFF}}]{{2,10}}·[\x{{4E00}}-\x{{9FFF}}]{{1,10}}$",
    "address": r"[省市区县镇乡街道路村].*(\d+号|\d+楼|\d+室|\d+幢|[街路巷里村镇]|号院|小区|大厦)",
    "numbered": r"\d.*\d",
    "bare": r"^[^\s，。；;、]{3,60}$",
    "mobile": r"^1[3-9]\d{9}$|^1[3-9]\d[*]{4}\d{4}$",
    "leading_zero": r"^0\d",
    "decimal": r"^-?[\d,]+\.\d+$",
    "dated": r"[-/.年]",
    "daylike": r"^\D{0,2}(18|19|20)\d{2}([-/.年 ]|\d{2,4}(\D|$)|\d{10})|^\d{1,2}[-/.月]\d{1,2}[-/.日]",
    "whole": r"^\s*[+-]?[\d,]+(\.0+)?\s*$",
    "sum": r"^\D{0,6}\d[\d,.]*(E\+?\d+)?\D{0,6}$",
    "person_number": r"(^|[^0-9])[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]([^0-9]|$)",
    "phone_number": r"(^|[^0-9])1[3-9]\d{9}([^0-9]|$)",
}


def counts(cells: pa.StringArray, wanted: frozenset[str]) -> Counter[str]:
    """Shape → how many of the cells (no nulls) have it, for the wanted ones."""
    found: Counter[str] = Counter()
    for name in wanted:
        found[name] = pc.sum(pc.match_substring_regex(cells, _PATTERNS[name])).as_py() or 0
    return found


ALL: Final = frozenset(_PATTERNS)
NEEDED: Final = {"integer": "whole", "amount": "sum", "date": "daylike"}
"""Shape without which a type need not be tried."""
ALWAYS: Final = frozenset({"leading_zero", "person_number", "phone_number"})
"""Shapes of which a single cell matters: they are looked for to the end."""
_OF_TYPE: Final[Mapping[str, frozenset[str]]] = {
    "integer": frozenset({"leading_zero", "decimal", "whole", "sum", "phone_number", "mobile"}),
    "amount": frozenset({"leading_zero", "decimal", "whole", "sum"}),
    "phone": frozenset({"mobile"}),
    "date": frozenset({"dated", "daylike"}),
    "citizen_id": frozenset(),
    "uscc": frozenset(),
    "org_code": frozenset(),
    "bank_card": frozenset(),
}


def telling(likely: str) -> frozenset[str]:
    """Shapes that can still tell something of a column of that likely type."""
    return _OF_TYPE.get(likely, ALL)
