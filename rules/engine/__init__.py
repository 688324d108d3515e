"""The rule engine: what rules mean, and what they say of events.

It reads no clock, knows no database, and imports the standard library alone. A
definition is parsed into a ``Specification``; a ``Program`` holds the rules of a lane;
and ``step`` judges one event over the part of the lane's state that it can touch.
Live judging, previews, replays and explanations all call ``step``.
"""

from rules.engine.apperate import (
    OUTPUT_FIELDS,
    ApperateRule,
    InlineOutput,
    read_apperate,
)
from rules.engine.bands import Baseline
from rules.engine.casting import cast, is_mould
from rules.engine.cautions import find_cautions
from rules.engine.checks import check_types
from rules.engine.conditions import MAX_CONDITIONS
from rules.engine.cooldowns import FEED, cooling_until, feed_cool_down
from rules.engine.definition import parse_definition, to_definition
from rules.engine.durations import parse_duration, render_duration, say_duration
from rules.engine.editing import CloseReason, close_rule, edit_rule, same_meaning
from rules.engine.errors import (
    DefinitionInvalid,
    DurationInvalid,
    EngineError,
    FactPathInvalid,
    Problem,
    RuleNotInProgram,
    UnknownOperator,
    UnsupportedValue,
)
from rules.engine.events import (
    NO_SERIES,
    PLAIN_SERIES,
    AllSeries,
    Event,
    FactValue,
    KeyFacts,
    Position,
    Series,
    Subject,
    Tick,
    subject_of,
    value_at,
)
from rules.engine.instances import Instance, InstanceState
from rules.engine.kept import Kept, fold_of, member_of, take_over
from rules.engine.lulls import Lull, lull_of
from rules.engine.members import Member, Members
from rules.engine.misses import Miss, NearestMiss, nearest_miss
from rules.engine.modifiers import Held, OfLast, Times
from rules.engine.nodes import (
    Condition,
    Group,
    GroupKind,
    InSequence,
    Negation,
    Node,
    Spell,
    conditions_of,
    nodes_of,
)
from rules.engine.operands import (
    Amount,
    Constant,
    Constants,
    Direction,
    Hours,
    OtherFact,
    Pattern,
    Ports,
    Scores,
    Search,
    Span,
    Wanted,
)
from rules.engine.operators import OPERATORS, Operand, Operator, find_operator
from rules.engine.paths import ANY_KEY, FactPath, key_name
from rules.engine.places import Place
from rules.engine.program import CompiledRule, Needs, Program
from rules.engine.quieting import may_repeat, quiet_times
from rules.engine.ranks import Ranks
from rules.engine.schedule import ActiveHours
from rules.engine.schema import definition_schema
from rules.engine.sentence import render_parts, render_sentence
from rules.engine.signals import tell_pass
from rules.engine.silence import say_silence
from rules.engine.specification import (
    Mode,
    NoData,
    OnSilence,
    OutputUse,
    Recovery,
    RuleKind,
    Severity,
    Specification,
    blank_specification,
)
from rules.engine.standing import (
    is_held_back,
    judge_event,
    judge_facts,
    judge_value,
    seen_at,
)
from rules.engine.stepping import step
from rules.engine.timers import Timer
from rules.engine.transitions import (
    Counts,
    Slice,
    StepResult,
    Transition,
    TransitionKind,
)
from rules.engine.values import (
    FieldType,
    Truth,
    Value,
    distance,
    is_number,
    show,
    show_brief,
    type_of,
)
from rules.engine.verdicts import (
    ConditionVerdict,
    GroupVerdict,
    SpellVerdict,
    Verdict,
)
from rules.engine.windows import Take, Trace, Window

__all__ = [
    "ANY_KEY",
    "FEED",
    "MAX_CONDITIONS",
    "NO_SERIES",
    "OPERATORS",
    "OUTPUT_FIELDS",
    "PLAIN_SERIES",
    "ActiveHours",
    "AllSeries",
    "Amount",
    "ApperateRule",
    "Baseline",
    "CloseReason",
    "CompiledRule",
    "Condition",
    "ConditionVerdict",
    "Constant",
    "Constants",
    "Counts",
    "DefinitionInvalid",
    "Direction",
    "DurationInvalid",
    "EngineError",
    "Event",
    "FactPath",
    "FactPathInvalid",
    "FactValue",
    "FieldType",
    "Group",
    "GroupKind",
    "GroupVerdict",
    "Held",
    "Hours",
    "InSequence",
    "InlineOutput",
    "Instance",
    "InstanceState",
    "Kept",
    "KeyFacts",
    "Lull",
    "Member",
    "Members",
    "Miss",
    "Mode",
    "NearestMiss",
    "Needs",
    "Negation",
    "NoData",
    "Node",
    "OfLast",
    "OnSilence",
    "Operand",
    "Operator",
    "OtherFact",
    "OutputUse",
    "Pattern",
    "Place",
    "Ports",
    "Position",
    "Problem",
    "Program",
    "Ranks",
    "Recovery",
    "RuleKind",
    "RuleNotInProgram",
    "Scores",
    "Search",
    "Series",
    "Severity",
    "Slice",
    "Span",
    "Specification",
    "Spell",
    "SpellVerdict",
    "StepResult",
    "Subject",
    "Take",
    "Tick",
    "Timer",
    "Times",
    "Trace",
    "Transition",
    "TransitionKind",
    "Truth",
    "UnknownOperator",
    "UnsupportedValue",
    "Value",
    "Verdict",
    "Wanted",
    "Window",
    "blank_specification",
    "cast",
    "check_types",
    "close_rule",
    "conditions_of",
    "cooling_until",
    "definition_schema",
    "distance",
    "edit_rule",
    "feed_cool_down",
    "find_cautions",
    "find_operator",
    "fold_of",
    "is_held_back",
    "is_mould",
    "is_number",
    "judge_event",
    "judge_facts",
    "judge_value",
    "key_name",
    "lull_of",
    "may_repeat",
    "member_of",
    "nearest_miss",
    "nodes_of",
    "parse_definition",
    "parse_duration",
    "quiet_times",
    "read_apperate",
    "render_duration",
    "render_parts",
    "render_sentence",
    "same_meaning",
    "say_duration",
    "say_silence",
    "seen_at",
    "show",
    "show_brief",
    "step",
    "subject_of",
    "take_over",
    "tell_pass",
    "to_definition",
    "type_of",
    "value_at",
]
