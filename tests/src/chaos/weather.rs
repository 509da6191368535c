//! Bad weather on order: what GitHub and the registries do wrong.

use super::plan::{GithubTrouble, RegistryTrouble};
use crate::{
    fake_github::{FakeGitHub, Fault as GithubFault, FaultTiming},
    registry::{Fault as RegistryFault, Registries},
};
use std::time::Duration;

/// Every request about a repository: the API's and git's.
const REPOSITORIES: &str = "octo/";

/// No answer for so long.
pub fn silence(seconds: u64) -> GithubFault {
    GithubFault::Hang(Duration::from_secs(seconds))
}

pub fn trouble_github(github: &FakeGitHub, trouble: GithubTrouble) {
    let fail = |requests, timing, fault| github.fail_next(requests, REPOSITORIES, timing, fault);
    match trouble {
        GithubTrouble::Broken { requests } => fail(requests, FaultTiming::Before, GithubFault::Status(500, Vec::new())),
        GithubTrouble::Limited { requests, retry_after } => {
            fail(requests, FaultTiming::Before, GithubFault::rate_limited(retry_after));
        }
        GithubTrouble::Hanging { requests, seconds } => fail(requests, FaultTiming::Before, silence(seconds)),
        GithubTrouble::AnswersLost { requests } => {
            fail(requests, FaultTiming::After, GithubFault::Status(502, Vec::new()));
        }
        GithubTrouble::Reset { requests } => fail(requests, FaultTiming::After, GithubFault::Reset),
        GithubTrouble::Truncated { requests } => fail(requests, FaultTiming::After, GithubFault::Truncate),
        GithubTrouble::Page { requests } => fail(requests, FaultTiming::Before, GithubFault::Page(503)),
        GithubTrouble::TokensRevoked => github.revoke_tokens(),
    }
}

pub fn trouble_registries(registries: &Registries, trouble: RegistryTrouble, requests: usize) {
    let fault = match trouble {
        RegistryTrouble::Hang => RegistryFault::Hang,
        RegistryTrouble::Truncate => RegistryFault::Truncate,
        RegistryTrouble::Overstate => RegistryFault::Overstate,
        RegistryTrouble::Html => RegistryFault::Html,
        RegistryTrouble::Unavailable => RegistryFault::Unavailable { retry_after: 1 },
    };
    registries.fail("", fault, requests);
}
