"""What the pages of the DAGs say, in both languages: who owns it, what to do when it is red, how to run a step by hand."""

from __future__ import annotations

from shuyuan.catalog import Department, Library, Resource

_FEED = """\
### {title} · {title_en}

**提供部门 / owner** {owner} · {owner_en}
**联系人 / contact** {contact}
**交换方式 / delivery** `inbox/{department}/{pattern}`{control} · 更新周期 / cycle **{cycle}** · 宽限 / grace {grace} 个工作日 / working days
**供给 / feeds** {libraries}

`receive → read → check → admit`：收件、读取、校验、入库。每一步可重复执行，任务之间只传批次号。
Each step may be repeated; only the batch id travels between them.

#### 变红怎么办 · When it is red

* **receive 跳过 · skipped** 报送件未到，联系提供部门；到件后以 `{{"business_date": "YYYY-MM-DD"}}` 手工触发。
  No new delivery has come: call the contact; when it has come, trigger with that configuration.
* **read / check / admit 失败且不重试 · failed for good** 批次被拒：控制台质量报告写明文件、行、列、值，请部门更正重报。
  The delivery was refused: the quality report names file, line, column and value; ask for a corrected delivery.
* **重试中 · retrying** 环境故障：看任务日志，恢复后自动重试，或清除该任务。
  A fault of the surroundings: read the task's log; it retries by itself, or clear the task.

#### 手工执行 · By hand

```
shuyuan receive {id} YYYY-MM-DD     # → 批次号 / batch id
shuyuan read BATCH && shuyuan check BATCH && shuyuan admit BATCH
```
"""

_LIBRARY = """\
### {title} · {title_en}

**牵头部门 / lead** {owner} · {owner_en}
**联系人 / contact** {contact}
**成员 / members** {members}

任一成员入库即触发；迟报的部门不阻塞其他部门，多个成员接连入库合并为一次运行。
Any member that is admitted starts it: a late department never blocks the others, and members that come while a run
is under way are taken together by the next one.

#### 变红怎么办 · When it is red

* **publish 失败且不重试 · failed for good** 发布后校验不通过：控制台看校验结果，由数据管理员裁定。
  The published library breaks a critical rule: a steward reads the validation in the console and rules.
* **重试中 · retrying** 环境故障：看任务日志，恢复后自动重试，或清除该任务。
  A fault of the surroundings: read the task's log; it retries by itself, or clear the task.

#### 手工执行 · By hand

```
shuyuan resolve {id}     # → 运行号 / run id
shuyuan publish RUN
```
"""


def feed(resource: Resource, department: Department, libraries: list[Library]) -> str:
    """The page of a feed, as Markdown."""
    return _FEED.format(
        id=resource.id,
        title=resource.title,
        title_en=resource.title_en,
        owner=department.title,
        owner_en=department.title_en,
        contact=department.contact,
        department=department.id,
        pattern=resource.delivery.pattern,
        control=" + `.ok`" if resource.delivery.control else "",
        cycle=resource.update_cycle,
        grace=resource.grace,
        libraries="、".join(f"{library.title} `{library.id}`" for library in libraries) or "–",
    )


def library(library: Library, lead: Department) -> str:
    """The page of a library, as Markdown."""
    return _LIBRARY.format(
        id=library.id,
        title=library.title,
        title_en=library.title_en,
        owner=lead.title,
        owner_en=lead.title_en,
        contact=lead.contact,
        members="、".join(f"`{member.resource}`" for member in library.members),
    )
