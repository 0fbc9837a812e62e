"""A real register of enterprises: 100 % of its capitals end in yuan or with a reason, 100 % of its codes are judged as by others."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from shuyuan.settings import PROJECT

SHARED = Path(os.environ.get("SHUYUAN_SHARED_DATA", PROJECT.parent / "shared" / "data"))
REGISTER = SHARED / "enterprise_ningxia_masked"
BENCH = PROJECT / "bench" / "ningxia.py"


@pytest.mark.skipif(
    not REGISTER.is_dir(), reason=f"no {REGISTER}: set SHUYUAN_SHARED_DATA to the folder of real tables"
)
def test_every_row_of_the_register() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), str(REGISTER), "--json"], capture_output=True, text=True, check=False, cwd=PROJECT
    )
    assert done.returncode == 0, done.stderr or done.stdout
    found = json.loads(done.stdout)
    capital, codes = found["capital"], found["credit_codes"]
    assert capital["rows"] == codes["rows"] == sum(capital["ends"].values()) == 54_618
    assert (capital["explained"], codes["agreement"]) == (1, 1)
    assert capital["ends"]["yuan"] > 40_000
    assert sum(capital["foreign"].values()) == capital["ends"]["amount_foreign_currency"]
    assert codes["by_stdnum"] > 50_000


def test_the_second_opinions_are_no_yes_men() -> None:
    """They refuse what is wrong, and the bench counts it."""
    bench = runpy.run_path(str(BENCH))
    right, wrong, inner = "91350100M000100Y43", "91350100M000100Y44", "91350100M000100Y56"
    assert [bench["opinion"](code) for code in (right, wrong, inner, right[:17], "0" * 18)] == [
        "right",
        "check wrong",
        "inner check wrong",
        "length",
        "charset",
    ]
    assert bench["credit_codes"]([right, wrong, inner])["agreement"] == 1
    assert bench["stated"]("1,349.0700(万)") == Decimal("13490700")
    assert bench["capital"](["50万人民币", "N/A", "5(万美元)"])["explained"] == 1
    assert bench["capital"](["50千元"])["misread"] == [("50千元", 1)]
