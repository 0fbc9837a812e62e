"""Why a cell is not simply fine: every reason code `parse` can give, from mild to severe, in both languages.

What belongs here: the codes, their quality dimension and their words. How a cell earns one is in the module of its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

CONFORMITY: Final = "conformity"  # 规范性
COMPLETENESS: Final = "completeness"  # 完整性
ACCURACY: Final = "accuracy"  # 准确性
CONSISTENCY: Final = "consistency"  # 一致性
TIMELINESS: Final = "timeliness"  # 时效性

DIMENSIONS: Final = (CONFORMITY, COMPLETENESS, ACCURACY, CONSISTENCY, TIMELINESS)
"""First-level indicators of GB/T 36344-2018 that a single cell can offend (可访问性 is a matter of the feed)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One verdict: `usable` says whether the value stays; of several reasons the highest `severity_rank` is reported."""

    code: str
    dimension: str
    usable: bool
    severity_rank: int
    zh: str
    en: str


_USABLE: Final = (
    ("code_crosswalked", CONFORMITY, "部门自用代码或文字,已换算为标准代码", "department's own code or word, mapped"),
    ("id_15_digits", CONFORMITY, "15位旧身份证号,已升为18位", "15-digit number, upgraded to 18 (GB 11643-1999)"),
    ("text_control_chars", CONFORMITY, "含不可见控制字符,已去除", "invisible control characters, removed"),
    ("text_formula", CONFORMITY, "内容像表格公式,按文本保留", "looks like a spreadsheet formula; kept as text"),
    ("name_private_use", CONFORMITY, "含造字区字符,他处可能无法显示", "private-use character that others cannot read"),
    ("name_lost_character", ACCURACY, "含问号或替换符,原字已丢失", "a character was lost on the way (? or U+FFFD)"),
    ("name_has_digits", ACCURACY, "姓名中有数字", "digits in a person's name"),
    ("amount_negative", ACCURACY, "金额为负", "negative amount"),
    (
        "date_serial",
        CONFORMITY,
        "表格软件的日期序号,已换算为日期",
        "day count of a spreadsheet (1900 system), converted",
    ),
    ("date_future", ACCURACY, "日期晚于业务日期", "date after the business date"),
    ("date_implausible", ACCURACY, "日期早于1900年或晚于2100年", "date before 1900 or after 2100"),
    (
        "id_region_unknown",
        ACCURACY,
        "身份证号前六位从未是行政区划(未配置区划沿革时只看前两位)",
        "first six digits were never a division (GB/T 2260); without a history of divisions only the province is looked at",
    ),
    (
        "division_superseded",
        CONSISTENCY,
        "行政区划代码已停用,可按区划沿革换算",
        "division code given up; its successors are in the history",
    ),
    (
        "id_birth_implausible",
        ACCURACY,
        "出生日期早于1900年、逾130岁或在未来",
        "born before 1900, over 130 years ago or later",
    ),
    (
        "reg_no_checksum",
        ACCURACY,
        "15位注册号校验位不符(GS 15)",
        "check digit of a 15-digit registration number (GS 15-2006)",
    ),
    (
        "uscc_authority_unknown",
        ACCURACY,
        "统一社会信用代码前两位不是已知的登记管理部门和机构类别",
        "first two characters name no known authority and class (GB 32100-2015)",
    ),
    (
        "uscc_org_checksum",
        ACCURACY,
        "主体标识码校验位不符(GB 11714)",
        "inner organisation code fails its check (GB 11714)",
    ),
)

_UNUSABLE: Final = (
    ("date_long_term", CONFORMITY, "长期有效,没有截止日期", "long-term: there is no last day"),
    ("date_sentinel", CONFORMITY, "占位日期,按空值处理", "stands for an unknown day; kept as empty"),
    ("code_unknown", CONSISTENCY, "不在代码表中", "not in the code list"),
    ("division_unknown", CONSISTENCY, "不在行政区划代码表中", "not in the list of divisions"),
    ("division_malformed", CONFORMITY, "不是6、9、12位区划代码", "not a division code of 6, 9 or 12 digits"),
    ("org_code_malformed", CONFORMITY, "不是9位组织机构代码", "not an organisation code of 9 characters (GB 11714)"),
    ("org_code_checksum", ACCURACY, "组织机构代码校验位不符", "check character is wrong (GB 11714-1997)"),
    ("reg_no_malformed", CONFORMITY, "不是13或15位注册号", "not a registration number of 13 or 15 digits"),
    ("tax_no_malformed", CONFORMITY, "不是15、18、20位纳税人识别号", "not a tax number of 15, 18 or 20 characters"),
    (
        "tax_no_checksum",
        ACCURACY,
        "纳税人识别号中的机构代码或身份证号校验不符",
        "the organisation or citizen inside fails its check",
    ),
    (
        "inst_cert_no_malformed",
        CONFORMITY,
        "不是12位事业单位法人证书号",
        "not an institution's certificate number of 12 digits",
    ),
    (
        "social_reg_no_malformed",
        CONFORMITY,
        "不是社会组织登记证号",
        "not a registration number of a social organisation",
    ),
    ("parcel_code_malformed", CONFORMITY, "不是19位宗地代码", "not a parcel code of 19 characters (GB/T 37346)"),
    (
        "real_estate_unit_malformed",
        CONFORMITY,
        "不是28位不动产单元代码",
        "not a real estate unit code of 28 characters (GB/T 37346)",
    ),
    ("bank_card_malformed", CONFORMITY, "不是16至19位银行卡号", "not a bank card number of 16 to 19 digits"),
    ("bank_card_checksum", ACCURACY, "银行卡号校验位不符(Luhn)", "check digit is wrong (ISO/IEC 7812-1, Luhn)"),
    ("postcode_malformed", CONFORMITY, "不是6位邮政编码", "not a postcode of six digits; a lost zero is never guessed"),
    ("email_malformed", CONFORMITY, "不是电子邮箱地址", "not an e-mail address"),
    ("phone_several", CONSISTENCY, "一格中有多个电话号码", "several telephone numbers in one cell"),
    ("phone_malformed", CONFORMITY, "不是电话号码", "not a telephone number"),
    ("integer_unparsable", CONFORMITY, "不是整数", "not a whole number of 64 bits"),
    ("amount_foreign_currency", CONSISTENCY, "外币金额,无法折算为人民币", "foreign currency: cannot be stated in yuan"),
    ("amount_percentage", CONSISTENCY, "填的是比例,不是金额", "a percentage, not an amount"),
    ("amount_out_of_range", ACCURACY, "金额超出14位整数", "more than 14 integer digits of yuan"),
    ("amount_unparsable", CONFORMITY, "不是金额", "not an amount, or its separators do not group thousands"),
    ("coordinate_out_of_range", ACCURACY, "坐标不在中国范围", "outside of China (lon 73 to 136, lat 3 to 54 degrees)"),
    ("coordinate_unparsable", CONFORMITY, "不是坐标", "not a coordinate in degrees"),
    ("date_incomplete", COMPLETENESS, "只有年或年月,日期不完整", "year or month only; a missing day is never guessed"),
    (
        "date_ambiguous",
        CONFORMITY,
        "日期有多种读法",
        "more than one reading: two-digit year, or day and month in unknown order",
    ),
    ("date_unparsable", CONFORMITY, "不是完整日期", "not a complete calendar date; a missing day is never guessed"),
    ("uscc_checksum", ACCURACY, "统一社会信用代码校验位不符", "check character is wrong (GB 32100-2015)"),
    ("uscc_charset", CONFORMITY, "含统一社会信用代码不用的字符", "has a character that GB 32100-2015 does not use"),
    ("uscc_length", CONFORMITY, "统一社会信用代码不是18位", "not 18 characters (GB 32100-2015)"),
    ("uscc_is_org_code", CONSISTENCY, "填的是组织机构代码", "holds an organisation code (GB 11714)"),
    ("uscc_is_tax_number", CONSISTENCY, "填的是15位税号或注册号", "holds a 15-digit tax or registration number"),
    ("uscc_is_citizen_id", CONSISTENCY, "填的是公民身份号码", "holds a citizen's number"),
    ("id_checksum", ACCURACY, "身份证号校验位不符", "check digit is wrong (GB 11643-1999)"),
    ("id_birth_date", ACCURACY, "身份证号中的出生日期不存在", "the birth date inside is impossible"),
    ("id_charset", CONFORMITY, "身份证号含非法字符", "has a character other than digits and a final X"),
    ("id_length", CONFORMITY, "身份证号不是15或18位", "neither 18 nor 15 characters (GB 11643-1999)"),
    (
        "excel_mangled",
        ACCURACY,
        "被表格软件转成科学计数,末位已丢失",
        "turned into a float by a spreadsheet; digits are lost",
    ),
    ("masked", COMPLETENESS, "已脱敏,不作为主张", "arrived masked: no claim"),
)


def _reasons() -> Mapping[str, Reason]:
    rows = [(row, True) for row in _USABLE] + [(row, False) for row in _UNUSABLE]
    built = (
        Reason(code, dimension, usable, rank, zh, en)
        for rank, ((code, dimension, zh, en), usable) in enumerate(rows, start=1)
    )
    return MappingProxyType({reason.code: reason for reason in built})


REASONS: Final[Mapping[str, Reason]] = _reasons()
"""Code → reason, mild to severe. Every unusable reason outranks every usable one: a null value always says why."""
