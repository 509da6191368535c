//! `[retention]`: for how many days what is kept.
//!
//! Decisions with their questions and evidence, policies and first-seen digests are kept for ever, and no key here
//! changes that. The database holds a floor for each rule, below which no configuration goes.

use anyhow::{Result, bail};
use lockgate_store::retention::Rule;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// What a handled webhook delivery said: names, addresses and texts of people. At least 1.
    pub payloads_days: u16,
    /// That a delivery came: its id, by which a second one is noticed. At least 35.
    pub deliveries_days: u16,
    /// Finished jobs with their error texts. At least 1.
    pub jobs_days: u16,
    /// Sessions that ended, and used sign-ins. At least 1.
    pub sessions_days: u16,
    /// Who read what. At least 90.
    pub access_log_days: u16,
    /// Evidence on which no decision rests. At least 30.
    pub unused_evidence_days: u16,
    /// What models said of releases. At least 30.
    pub model_scores_days: u16,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            payloads_days: 30,
            deliveries_days: 180,
            jobs_days: 7,
            sessions_days: 1,
            access_log_days: 400,
            unused_evidence_days: 90,
            model_scores_days: 180,
        }
    }
}

impl RetentionConfig {
    /// How many days a rule keeps.
    pub fn days(&self, rule: Rule) -> u16 {
        match rule {
            Rule::Payloads => self.payloads_days,
            Rule::Deliveries => self.deliveries_days,
            Rule::Jobs => self.jobs_days,
            Rule::Sessions => self.sessions_days,
            Rule::AccessLog => self.access_log_days,
            Rule::UnusedEvidence => self.unused_evidence_days,
            Rule::ModelScores => self.model_scores_days,
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        let floors = [
            (Rule::Payloads, 1),
            (Rule::Deliveries, 35),
            (Rule::Jobs, 1),
            (Rule::Sessions, 1),
            (Rule::AccessLog, 90),
            (Rule::UnusedEvidence, 30),
            (Rule::ModelScores, 30),
        ];
        for (rule, floor) in floors {
            if self.days(rule) < floor {
                bail!("retention.{}_days is at least {floor}", rule.name());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_read_with_its_floors() {
        let read = |text: &str| toml::from_str::<RetentionConfig>(text).unwrap();
        assert!(read("").validate().is_ok());
        assert_eq!(read("payloads_days = 3").days(Rule::Payloads), 3);
        assert!(read("access_log_days = 89").validate().unwrap_err().to_string().contains("access_log_days"));
        assert!(toml::from_str::<RetentionConfig>("decisions_days = 1").is_err());
    }
}
