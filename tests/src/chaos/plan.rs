//! The plan: what is opened, killed and broken, and when. Drawn from the seed alone; the same seed gives the same plan.

use fastrand::Rng;
use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

/// Repositories that pull requests are spread over.
pub const REPOSITORIES: usize = 6;

/// A kind of fault that a run may inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Postgres is restarted, fast or immediately.
    Restart,
    /// Postgres fails over to a streaming standby.
    FailOver,
    /// The disk of Postgres and of the server is full for a while.
    Disk,
    /// GitHub answers 500, 403 with `retry-after`, late, or loses its answer.
    Github,
    /// Registries hang, truncate, lie about length, send HTML, answer 503 with `retry-after`.
    Registry,
    /// The server's clock is an hour ahead or behind for a while; PostgreSQL's is right.
    Clock,
    /// GitHub loses deliveries: only reconciliation can find what they were about.
    Lost,
}

impl Fault {
    pub const ALL: [Self; 7] =
        [Self::Restart, Self::FailOver, Self::Disk, Self::Github, Self::Registry, Self::Clock, Self::Lost];

    pub fn name(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::FailOver => "fail-over",
            Self::Disk => "disk",
            Self::Github => "github",
            Self::Registry => "registry",
            Self::Clock => "clock",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `all`, `none`, or names separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub BTreeSet<Fault>);

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |name: &str| {
            let known = Fault::ALL.into_iter().find(|fault| fault.name() == name);
            known.ok_or_else(|| {
                format!("no fault is called {name:?}; known: {}", Fault::ALL.map(Fault::name).join(", "))
            })
        };
        Ok(Self(match text {
            "all" => Fault::ALL.into(),
            "none" => BTreeSet::new(),
            list => list.split(',').map(one).collect::<Result<_, _>>()?,
        }))
    }
}

/// What a head brings, and so what its check must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A harmless package comes in.
    Good,
    /// No lockfile changes.
    Documents,
    /// A package under a licence that the policy refuses.
    License,
    /// A release whose install hook appears.
    Hook,
    /// The digest in the lockfile is another.
    Tampered,
    /// A merge conflict was committed.
    Broken,
}

impl Content {
    /// The conclusion in clear weather.
    pub fn conclusion(self) -> &'static str {
        match self {
            Self::Good | Self::Documents => "success",
            Self::License | Self::Hook | Self::Tampered => "failure",
            Self::Broken => "action_required",
        }
    }

    fn draw(rng: &mut Rng) -> Self {
        match rng.u8(..20) {
            0..=8 => Self::Good,
            9..=11 => Self::Documents,
            12..=13 => Self::License,
            14..=15 => Self::Hook,
            16..=17 => Self::Tampered,
            _ => Self::Broken,
        }
    }
}

/// A pull request as it is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Pull {
    pub repository: usize,
    pub content: Content,
    pub from_fork: bool,
    pub draft: bool,
    /// Its first delivery never leaves GitHub.
    pub lost: bool,
}

/// What happens to a pull request later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// Another commit on top, perhaps while the first is worked on.
    Push(Content),
    /// The branch is replaced.
    ForcePush(Content),
    /// A person presses "Re-run" where a check run stands.
    Rerun,
    /// The merge queue builds a group of it.
    Enqueue,
    /// GitHub, or a person, sends the first delivery once more.
    Redeliver,
}

/// Whom `kill -9` meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    Everything,
    /// One process of the server, counted from the intake.
    Process(usize),
    /// Everything, as soon as the next delivery is answered 202.
    AfterAccept,
    /// Everything, when GitHub has carried out a write whose answer has not arrived.
    AfterGithub,
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    RestartFast,
    RestartImmediate,
    FailOver,
    DiskFull {
        seconds: u64,
    },
    Github(GithubTrouble),
    Registry {
        trouble: RegistryTrouble,
        requests: usize,
    },
    /// The server's clock is off by so many seconds.
    Clock {
        offset: i64,
        seconds: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GithubTrouble {
    Broken {
        requests: usize,
    },
    Limited {
        requests: usize,
        retry_after: u64,
    },
    Hanging {
        requests: usize,
        seconds: u64,
    },
    /// Requests are carried out and their answers lost.
    AnswersLost {
        requests: usize,
    },
    Reset {
        requests: usize,
    },
    /// Half an answer.
    Truncated {
        requests: usize,
    },
    /// A page of HTML with status 503.
    Page {
        requests: usize,
    },
    TokensRevoked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryTrouble {
    Hang,
    Truncate,
    Overstate,
    Html,
    Unavailable,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    Open(usize),
    Later(usize, Later),
    /// Restarted after `down`.
    Kill {
        kill: Kill,
        down: Duration,
    },
    Trouble(Trouble),
}

/// The whole run: pull requests, and acts by their time from the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub pulls: Vec<Pull>,
    pub acts: Vec<(Duration, Act)>,
}

/// How large a plan is drawn.
#[derive(Debug, Clone)]
pub struct Size {
    pub seed: u64,
    pub pulls: usize,
    pub kills: usize,
    pub faults: BTreeSet<Fault>,
    /// Times that each fault but GitHub's and the registries' comes.
    pub troubles: usize,
    /// Processes of the server.
    pub processes: usize,
    /// Time over which everything happens.
    pub length: Duration,
}

impl Plan {
    pub fn draw(size: &Size) -> Self {
        let mut rng = Rng::with_seed(size.seed);
        let mut plan = Self { pulls: Vec::new(), acts: Vec::new() };
        for number in 0..size.pulls {
            plan.draw_pull(&mut rng, size, number);
        }
        for number in 0..size.kills {
            plan.draw_kill(&mut rng, size, number);
        }
        for fault in &size.faults {
            plan.draw_fault(&mut rng, size, *fault);
        }
        plan.acts.sort_by_key(|(at, _)| *at);
        plan
    }

    fn draw_pull(&mut self, rng: &mut Rng, size: &Size, number: usize) {
        let at = size.length.mul_f64(0.9 * rng.f64());
        self.pulls.push(Pull {
            repository: rng.usize(..REPOSITORIES),
            content: Content::draw(rng),
            from_fork: rng.u8(..6) == 0,
            draft: rng.u8(..10) == 0,
            // One at least, however small the plan.
            lost: (number == 3 || rng.u8(..25) == 0) && size.faults.contains(&Fault::Lost),
        });
        self.acts.push((at, Act::Open(number)));
        let soon = |rng: &mut Rng| at + Duration::from_millis(rng.u64(50..6000));
        let later = match rng.u8(..20) {
            0..=2 => Some(Later::Push(Content::draw(rng))),
            3..=4 => Some(Later::ForcePush(Content::draw(rng))),
            5..=6 => Some(Later::Rerun),
            7..=8 => Some(Later::Enqueue),
            9 => Some(Later::Redeliver),
            _ => None,
        };
        if let Some(later) = later {
            self.acts.push((soon(rng), Act::Later(number, later)));
        }
    }

    /// A third at chosen points, the rest spread evenly over the time.
    fn draw_kill(&mut self, rng: &mut Rng, size: &Size, number: usize) {
        let kill = match number % 6 {
            0 => Kill::AfterAccept,
            1 => Kill::AfterGithub,
            2 => Kill::Everything,
            _ => Kill::Process(rng.usize(..size.processes)),
        };
        let at = size.length.mul_f64(0.02 + 0.95 * rng.f64());
        let down = Duration::from_millis(rng.u64(50..1200));
        self.acts.push((at, Act::Kill { kill, down }));
    }

    fn draw_fault(&mut self, rng: &mut Rng, size: &Size, fault: Fault) {
        let often = match fault {
            Fault::Github | Fault::Registry => size.troubles * 3,
            Fault::Lost => 0,
            _ => size.troubles,
        };
        for number in 0..often {
            let at = size.length.mul_f64(0.05 + 0.85 * rng.f64());
            self.acts.push((at, Act::Trouble(draw_trouble(rng, fault, number))));
        }
    }
}

fn draw_trouble(rng: &mut Rng, fault: Fault, number: usize) -> Trouble {
    let requests = rng.usize(1..12);
    match fault {
        Fault::Restart if number.is_multiple_of(2) => Trouble::RestartImmediate,
        Fault::Restart | Fault::Lost => Trouble::RestartFast,
        Fault::FailOver => Trouble::FailOver,
        Fault::Disk => Trouble::DiskFull { seconds: rng.u64(2..6) },
        Fault::Clock => {
            Trouble::Clock { offset: if number.is_multiple_of(2) { 3600 } else { -3600 }, seconds: rng.u64(4..15) }
        }
        Fault::Github => Trouble::Github(match number % 8 {
            0 => GithubTrouble::Broken { requests },
            1 => GithubTrouble::Limited { requests: requests.min(4), retry_after: rng.u64(1..4) },
            2 => GithubTrouble::Hanging { requests: requests.min(4), seconds: rng.u64(2..8) },
            3 => GithubTrouble::AnswersLost { requests },
            4 => GithubTrouble::Reset { requests },
            5 => GithubTrouble::Truncated { requests },
            6 => GithubTrouble::Page { requests },
            _ => GithubTrouble::TokensRevoked,
        }),
        Fault::Registry => Trouble::Registry {
            trouble: match number % 5 {
                0 => RegistryTrouble::Hang,
                1 => RegistryTrouble::Truncate,
                2 => RegistryTrouble::Overstate,
                3 => RegistryTrouble::Html,
                _ => RegistryTrouble::Unavailable,
            },
            requests: requests * 2,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(seed: u64) -> Size {
        Size {
            seed,
            pulls: 100,
            kills: 40,
            faults: Fault::ALL.into(),
            troubles: 2,
            processes: 3,
            length: Duration::from_secs(100),
        }
    }

    #[test]
    fn the_seed_decides_everything() {
        assert_eq!(Plan::draw(&size(1)), Plan::draw(&size(1)));
        assert_ne!(Plan::draw(&size(1)), Plan::draw(&size(2)));
    }

    #[test]
    fn a_plan_has_what_was_asked_for() {
        let plan = Plan::draw(&size(7));
        let count = |wanted: fn(&Act) -> bool| plan.acts.iter().filter(|(_, act)| wanted(act)).count();
        assert_eq!(count(|act| matches!(act, Act::Open(_))), 100);
        assert_eq!(count(|act| matches!(act, Act::Kill { .. })), 40);
        assert!(count(|act| matches!(act, Act::Kill { kill: Kill::AfterGithub, .. })) >= 6);
        assert!(plan.acts.is_sorted_by_key(|(at, _)| *at));
        assert!(plan.acts.iter().all(|(at, _)| *at < Duration::from_secs(107)));
        assert!(plan.pulls.iter().any(|p| p.lost) && plan.pulls.iter().any(|p| p.from_fork));
    }

    #[test]
    fn a_misspelt_fault_is_named() {
        assert_eq!("disk,clock".parse::<Faults>().unwrap().0, BTreeSet::from([Fault::Disk, Fault::Clock]));
        assert!("dsik".parse::<Faults>().unwrap_err().contains("dsik"));
    }
}
