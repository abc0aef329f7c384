"""Who may apply: the kinds of applicants, and what the announcement says of each.

What it says of a kind is never typed twice: a rule is ``named``, ``excluded``, or points to the fact
whose statements decide. While that fact is silent or contradictory the kind is open, and a person
decides; no answer may then call it included or excluded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import yaml

from faq.contest import Fact, FactStatus, Language
from faq.sheet import Sheet


class ApplicantKind(StrEnum):
    """What the answer to "may we apply?" depends on."""

    LAB = "lab"
    INSTITUTE = "institute"
    COMPANY = "company"
    PREFOUNDER = "prefounder"
    INDIVIDUAL = "individual"
    OVERSEAS = "overseas"
    #: A company that got the data voucher.
    VOUCHER = "voucher"
    #: A lab or an institute that did.
    VOUCHER_LAB = "voucher_lab"


class Standing(StrEnum):
    """What the announcement does with a kind."""

    NAMED = "named"
    EXCLUDED = "excluded"
    #: It does not settle the kind: a person decides.
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is said to one kind of applicant, and on what ground."""

    #: As the kind is called in a sentence.
    title: Mapping[Language, str]
    #: The topic whose answer speaks to this kind.
    topic: str
    #: Section of the announcement.
    source: str
    #: NAMED or EXCLUDED where the announcement settles it; None where `fact` has to.
    says: Standing | None = None
    #: The fact that would settle it.
    fact: str | None = None
    #: The reply that asks who applies offers this kind.
    offered: bool = True

    def standing(self, facts: Mapping[str, Fact]) -> Standing:
        """Tell where the kind stands now; a fact that staff have settled counts as an answer of its own."""
        if self.says is not None:
            return self.says
        fact = facts.get(self.fact or "")
        settled = fact is not None and fact.status is FactStatus.STATED
        return Standing.NAMED if settled else Standing.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicants:
    """The rules of one edition; the default has none, and then nobody is asked who he is."""

    #: The topic of the general question who may apply; empty without rules.
    general: str = ""
    rules: Mapping[ApplicantKind, Rule] = field(default_factory=dict)

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that tells somebody whether he may apply."""
        return frozenset({self.general, *(rule.topic for rule in self.rules.values())}) - {""}


def read(
    sheet: Sheet, node: yaml.Node | None, facts: Mapping[str, Fact]
) -> tuple[Applicants, list[tuple[str, yaml.Node]]]:
    """Read the ``eligibility`` part of ``contest.yaml``; return also the topics it names, to be checked."""
    fields = sheet.fields(node, required=("general", "kinds"))
    named: list[tuple[str, yaml.Node]] = []
    rules: dict[ApplicantKind, Rule] = {}
    for key, name, item in sheet.items(fields.get("kinds")):
        if name not in tuple(ApplicantKind):
            sheet.fault(key, f"unknown kind '{name}' (known: {', '.join(ApplicantKind)})")
            continue
        rules[ApplicantKind(name)] = _rule(sheet, key, item, facts)
        given = dict((word, value) for _, word, value in sheet.items(item))
        if "topic" in given:
            named.append((rules[ApplicantKind(name)].topic, given["topic"]))
    general = sheet.text(fields.get("general"))
    if "general" in fields:
        named.append((general, fields["general"]))
    return Applicants(general=general, rules=rules), named


def _rule(sheet: Sheet, key: yaml.Node, node: yaml.Node, facts: Mapping[str, Fact]) -> Rule:
    fields = sheet.fields(node, required=("title", "topic", "source"), optional=("says", "fact", "offered"))
    if ("says" in fields) == ("fact" in fields):
        sheet.fault(key, "a kind needs either 'says' (named, excluded) or the 'fact' that decides")
    says = sheet.choice(fields["says"], Standing) if "says" in fields else None
    if says is Standing.OPEN:
        sheet.fault(fields["says"], "a kind is open by its 'fact', not by a word here")
    fact = sheet.text(fields["fact"]) if "fact" in fields else None
    if fact is not None and fact not in facts:
        sheet.fault(fields["fact"], f"unknown fact '{fact}'")
    titles = sheet.fields(fields.get("title"), required=tuple(Language))
    return Rule(
        title={language: sheet.text(titles.get(language)) for language in Language},
        topic=sheet.text(fields.get("topic")),
        source=sheet.text(fields.get("source")),
        says=says,
        fact=fact,
        offered=sheet.flag(fields["offered"]) if "offered" in fields else True,
    )
