"""Identifiers beside the citizen's number and the credit code: what registers issued before 2015, land, bank cards, post and mail.

They are alternates of old registrations and keys of their own trades; each has a form and most have a check character.
What belongs here: form and check of one such identifier. `uscc` and `citizen` are in their own modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.calendar import possible
from shuyuan.standards.cells import excel_mangled, matches
from shuyuan.standards.citizen import is_citizen_id
from shuyuan.standards.column import Column, differs
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Bytes, Mask, decimal_number, lengths, matrix, products, unmarked
from shuyuan.standards.uscc import is_uscc, organisation_right

_PARCEL: Final = r"[1-9]\d{11}[GJZ][A-Z]\d{5}"
_ROUNDED: Final = r"^\d{15}0{2,5}$"  # a spreadsheet keeps 15 digits; where the check fails too, the zeros are its
_DASH: Final = r"[-\x{2010}-\x{2015}]"


@dataclass(frozen=True)
class Form:
    """How one identifier looks. `reason` is given to what does not match `pattern`, `wrong` to what does and is not `right`.

    `loose` and `bare` are a written form and what is left of it (a replacement of RE2), for identifiers written with decoration.
    """

    reason: str
    pattern: str
    wrong: str = ""
    right: Callable[[pa.StringArray], Mask] | None = None
    loose: str = ""
    bare: str = ""

    def stands(self, raw: pa.StringArray, options: Options) -> Mask:
        """Rows that are right as they are written: nothing is to be changed or said."""
        found = matches(raw, self.pattern)
        if self.right and found.any():
            found[found] = self.right(raw.filter(pa.array(found)))
        return found

    def judge(self, texts: pa.StringArray, options: Options) -> Column:
        """Tidied texts to the bare identifier."""
        values = pc.replace_substring_regex(texts, self.loose, self.bare) if self.loose else texts
        column = Column.of(values, differs(texts, values))
        formed = matches(values, self.pattern)
        column.flag(~formed, self.reason)
        column.flag(~formed & excel_mangled(texts), "excel_mangled")
        if self.right:
            formed[formed] = ~self.right(values.filter(pa.array(formed)))
            column.flag(formed, self.wrong)
            column.flag(formed & matches(values, _ROUNDED), "excel_mangled")
        return column


def _org_code_right(texts: pa.StringArray) -> Mask:
    """GB 11714-1997."""
    return organisation_right(matrix(texts, 9))


def _reg_no_right(texts: pa.StringArray) -> Mask:
    """GS 15-2006: the 15th digit by ISO 7064 MOD 11,10. 13 digits and farmers' cooperatives (…NA…X) carry none."""
    right = np.ones(len(texts), np.bool_)
    checked = matches(texts, r"^\d{15}$")
    right[checked] = _mod_11_10(matrix(texts.filter(pa.array(checked)), 15) - np.uint8(48))
    return right


def _mod_11_10(digits: Bytes) -> Mask:
    product = np.full(len(digits), 10, np.uint8)
    for place in range(digits.shape[1] - 1):
        total = (product + digits[:, place]) % 10
        product = np.where(total == 0, 10, total).astype(np.uint8) * np.uint8(2) % np.uint8(11)
    ok: Mask = np.equal((product + digits[:, -1]) % 10, 1)
    return ok


def _tax_no_right(texts: pa.StringArray) -> Mask:
    """15: division and organisation code, or a citizen's old number; 18: credit code or citizen's number; 20: that and two digits."""
    sizes, right = lengths(texts), is_uscc(texts)
    people = (sizes >= 18) & ~right
    right[people] = is_citizen_id(pc.utf8_slice_codeunits(texts.filter(pa.array(people)), 0, 18))
    fifteen: Mask = sizes == 15
    rows = matrix(texts.filter(pa.array(fifteen)), 15)
    right[fifteen] = organisation_right(np.ascontiguousarray(rows[:, 6:])) | _old_citizen_number(rows)
    return right


def _old_citizen_number(rows: Bytes) -> Mask:
    return unmarked((rows - np.uint8(48)) > 9) & possible(19000000 + decimal_number(rows[:, 6:12]))


def _luhn(texts: pa.StringArray) -> Mask:
    """ISO/IEC 7812-1: every second digit from the right counts double."""
    digits = matrix(pc.utf8_lpad(texts, 19, "0"), 19) - np.uint8(48)
    carries = products(
        (digits > 4).view(np.uint8), _DOUBLED - 1
    )  # a doubled digit over nine counts its two digits, nine less
    ok: Mask = (products(digits, _DOUBLED) - 9 * carries)[:, 0] % 10 == 0
    return ok


_DOUBLED: Final = np.array([[1 + place % 2] for place in range(19)], np.float32)

FORMS: Final[Mapping[str, Form]] = MappingProxyType({
    # 组织机构代码, kept without the hyphen of `74218321-3`, as it stands inside a credit code
    "org_code": Form(
        "org_code_malformed", r"^[0-9A-Z]{8}[0-9X]$", "org_code_checksum", _org_code_right,
        rf"^(.{{8}}){_DASH}(.)$", r"\1\2",
    ),
    # 工商注册号
    "reg_no": Form("reg_no_malformed", r"^[1-9](\d{12}|\d{14}|\d{5}NA\d{6}X)$", "reg_no_checksum", _reg_no_right),
    # 税务登记号, 纳税人识别号
    "tax_no": Form(
        "tax_no_malformed",
        r"^(\d{6}[0-9A-Z]{8}[0-9X]|[0-9A-HJ-NPQRTUWXY]{18}|\d{17}[0-9X]\d{2})$", "tax_no_checksum", _tax_no_right,
    ),
    # 事业单位法人证书号, kept as the digits of 事证第144030000123号
    "inst_cert_no": Form("inst_cert_no_malformed", r"^[1-9]\d{11}$", loose=r"^事证第(\d{12})号$", bare=r"\1"),
    # 社会组织登记证号: 粤社证字第1234号, or digits with a few letters
    "social_reg_no": Form(
        "social_reg_no_malformed", r"^(\p{Han}{0,10}[证登]字([\[(〔]\d{4}[\])〕])?第?[0-9A-Z-]{1,20}号?|[0-9A-Z-]{0,14}[0-9]{3}[0-9A-Z-]{0,4})$"
    ),
    # 宗地代码, GB/T 37346-2019: division, cadastral district and sub-district, right and kind, number
    "parcel_code": Form("parcel_code_malformed", rf"^{_PARCEL}$"),
    # 不动产单元代码: parcel and fixture (F building, L trees, Q other, W none)
    "real_estate_unit_no": Form("real_estate_unit_malformed", rf"^{_PARCEL}([FLQ]\d{{8}}|W0{{8}})$"),
    "bank_card": Form(
        "bank_card_malformed", r"^[1-9]\d{15,18}$", "bank_card_checksum", _luhn, rf"{_DASH}", "",
    ),
    "postcode": Form("postcode_malformed", r"^((0[1-9]|[1-8]\d)\d{4}|99907[78])$"),
    "email": Form("email_malformed", r"^[A-Za-z0-9._%+-]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$"),
})  # fmt: skip
"""Item type → its form."""
