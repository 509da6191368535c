//! Roles, each a set of named permissions, and grants: a role in certain installations.

use lockgate_store::access::Scope;
use serde::{Deserialize, Serialize};

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Decisions with their evidence, work in progress, the API's description.
    ReadDecisions,
    /// Requests for waivers and their answers.
    ReadWaivers,
    /// Grant or refuse a waiver.
    AnswerWaivers,
    /// Who read what, and what is kept for how long.
    ReadAccessLog,
    /// Which models score releases, how they do and who moved them.
    ReadModels,
    ReadMetrics,
}

/// What somebody is to an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads decisions and waivers.
    Viewer,
    /// A viewer who answers requests for waivers.
    Reviewer,
    /// A viewer who also reads the access log.
    Auditor,
    /// All of it.
    Admin,
    /// A machine that reads metrics, and nothing else.
    Monitor,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Reviewer, Self::Auditor, Self::Admin, Self::Monitor];

    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Monitor => "monitor",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    pub fn permissions(self) -> &'static [Permission] {
        use Permission::{AnswerWaivers, ReadAccessLog, ReadDecisions, ReadMetrics, ReadModels, ReadWaivers};
        match self {
            Self::Viewer => &[ReadDecisions, ReadWaivers],
            Self::Reviewer => &[ReadDecisions, ReadWaivers, AnswerWaivers],
            Self::Auditor => &[ReadDecisions, ReadWaivers, ReadAccessLog, ReadModels],
            Self::Admin => &[ReadDecisions, ReadWaivers, AnswerWaivers, ReadAccessLog, ReadModels, ReadMetrics],
            Self::Monitor => &[ReadMetrics],
        }
    }
}

/// A role in certain installations. Somebody may hold several: a reviewer of one installation who merely views another
/// answers no waiver there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub role: Role,
    pub scope: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reviewer_and_admin_answer_waivers_and_only_auditor_and_admin_read_the_log() {
        let holders = |permission| {
            let holds = |role: &Role| role.permissions().contains(&permission);
            Role::ALL.into_iter().filter(holds).map(Role::name).collect::<Vec<_>>()
        };
        assert_eq!(holders(Permission::AnswerWaivers), ["reviewer", "admin"]);
        assert_eq!(holders(Permission::ReadAccessLog), ["auditor", "admin"]);
        assert_eq!(holders(Permission::ReadMetrics), ["admin", "monitor"]);
        assert_eq!(holders(Permission::ReadDecisions), ["viewer", "reviewer", "auditor", "admin"]);
    }

    #[test]
    fn names_and_roles_are_one_to_one() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        assert_eq!(Role::from_name("owner"), None);
    }
}
