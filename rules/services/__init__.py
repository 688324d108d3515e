"""The door to rules: making them, and judging the batches of a lane by them."""

from rules.services.backtest_json import backtest_from_json, comparison_from_json
from rules.services.backtest_runs import (
    BacktestNotFound,
    TooManyBacktests,
    drop_backtest,
    find_backtest,
    forget_backtests,
    run_backtest,
    start_backtest,
    start_comparison,
    sweep_backtests,
)
from rules.services.backtesting import backtest_rule
from rules.services.backtests import Backtest, Closest, CurvePoint, Hit
from rules.services.carrying import (
    Carried,
    RulesFileInvalid,
    export_rules,
    import_rules,
)
from rules.services.case_files import CaseFileInvalid
from rules.services.case_running import CaseResult, run_rule_tests
from rules.services.case_writing import CaseNotRebuilt, Happened, write_rule_test
from rules.services.charting import (
    SHARES,
    NotDrawn,
    Part,
    Threshold,
    Trace,
    draw_threshold,
)
from rules.services.comparisons import Comparison
from rules.services.counters import save_counters
from rules.services.definitions import (
    RuleInvalid,
    read_definition,
)
from rules.services.explaining import (
    Explanation,
    InstanceNow,
    RecordPlace,
    explain_rule,
)
from rules.services.facts import dataset_of, simulation_of
from rules.services.findings import Finding, finding_of
from rules.services.forwarding import Outgoing, gather_outgoing
from rules.services.histories import Preparing
from rules.services.in_effect import RuleInEffect
from rules.services.judgement import JudgedTransition, Judgement
from rules.services.judging import facts_to_store, judge_batches
from rules.services.lane_program import LaneProgram
from rules.services.parsing import parse_apperate, parse_rule
from rules.services.predicate_check import misread_rules
from rules.services.previewing import Matches, Preview, Standing, preview_rule
from rules.services.programs import borrow_program, return_program
from rules.services.questions import ExplanationInvalid, VersionUnreadable
from rules.services.replaying import ReplayedStretch, replay_lane
from rules.services.saving import (
    KindIsFixed,
    RuleMoved,
    RuleNotFound,
    change_rule,
    create_rule,
    delete_rule,
    find_rule,
    list_rules,
    save_rule,
    turn_rule,
)
from rules.services.segments import keep_segments
from rules.services.sentences import output_names, sentence_of, with_names
from rules.services.states import gather_states, save_states
from rules.services.suggesting import (
    Suggestion,
    keys_of_rule,
    suggest_facts,
    type_of_fact,
)
from rules.services.timekeeping import expire_rules, fire_timers

__all__ = [
    "SHARES",
    "Backtest",
    "BacktestNotFound",
    "Carried",
    "CaseFileInvalid",
    "CaseNotRebuilt",
    "CaseResult",
    "Closest",
    "Comparison",
    "CurvePoint",
    "Explanation",
    "ExplanationInvalid",
    "Finding",
    "Happened",
    "Hit",
    "InstanceNow",
    "JudgedTransition",
    "Judgement",
    "KindIsFixed",
    "LaneProgram",
    "Matches",
    "NotDrawn",
    "Outgoing",
    "Part",
    "Preparing",
    "Preview",
    "RecordPlace",
    "ReplayedStretch",
    "RuleInEffect",
    "RuleInvalid",
    "RuleMoved",
    "RuleNotFound",
    "RulesFileInvalid",
    "Standing",
    "Suggestion",
    "Threshold",
    "TooManyBacktests",
    "Trace",
    "VersionUnreadable",
    "backtest_from_json",
    "backtest_rule",
    "borrow_program",
    "change_rule",
    "comparison_from_json",
    "create_rule",
    "dataset_of",
    "delete_rule",
    "draw_threshold",
    "drop_backtest",
    "expire_rules",
    "explain_rule",
    "export_rules",
    "facts_to_store",
    "find_backtest",
    "find_rule",
    "finding_of",
    "fire_timers",
    "forget_backtests",
    "gather_outgoing",
    "gather_states",
    "import_rules",
    "judge_batches",
    "keep_segments",
    "keys_of_rule",
    "list_rules",
    "misread_rules",
    "output_names",
    "parse_apperate",
    "parse_rule",
    "preview_rule",
    "read_definition",
    "replay_lane",
    "return_program",
    "run_backtest",
    "run_rule_tests",
    "save_counters",
    "save_rule",
    "save_states",
    "sentence_of",
    "simulation_of",
    "start_backtest",
    "start_comparison",
    "suggest_facts",
    "sweep_backtests",
    "turn_rule",
    "type_of_fact",
    "with_names",
    "write_rule_test",
]
