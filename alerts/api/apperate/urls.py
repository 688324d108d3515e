"""Apperate's rules calls, below each version word."""

from alerts.api.apperate.rules import (
    CreateRuleCall,
    DeleteRuleCall,
    PauseRuleCall,
    ResumeRuleCall,
    RuleInfoCall,
    RuleOutputCall,
    RulesListCall,
)
from alerts.api.apperate.vocabulary import RulesLookupCall, RulesSchemaCall
from workspaces.api.apperate import call

urlpatterns = [
    *call("rules/create", CreateRuleCall),
    *call("rules/pause", PauseRuleCall),
    *call("rules/pause/<str:rule>", PauseRuleCall),
    *call("rules/resume", ResumeRuleCall),
    *call("rules/resume/<str:rule>", ResumeRuleCall),
    *call("rules/info/<str:rule>", RuleInfoCall),
    *call("rules/output/<str:rule>", RuleOutputCall),
    *call("rules/schema", RulesSchemaCall),
    *call("rules/lookup/<str:fact>", RulesLookupCall),
    *call("rules", RulesListCall),
    *call("rules/<str:rule>", DeleteRuleCall),
]
