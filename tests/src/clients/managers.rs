//! The package managers: how each is told where to install from, and where its lockfile is.

use super::LONGEST;
use anyhow::{Context, Result};
use lockgate_model::Ecosystem;
use std::{
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;

/// Where the programs are that no machine has by itself.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub node: PathBuf,
    pub uv: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Pip,
    Uv,
    Cargo,
}

/// Name and version.
type Packages = &'static [(&'static str, &'static str)];

impl Manager {
    pub(super) const ALL: [Self; 6] = [Self::Npm, Self::Pnpm, Self::Yarn, Self::Pip, Self::Uv, Self::Cargo];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Pip => "pip",
            Self::Uv => "uv",
            Self::Cargo => "cargo",
        }
    }

    pub(super) fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Npm | Self::Pnpm | Self::Yarn => Ecosystem::Npm,
            Self::Pip | Self::Uv => Ecosystem::Pypi,
            Self::Cargo => Ecosystem::Cargo,
        }
    }

    /// Installed with and without.
    pub(super) fn packages(self) -> Packages {
        match self.ecosystem() {
            Ecosystem::Npm => &[("is-odd", "3.0.1"), ("@sindresorhus/is", "4.6.0")],
            Ecosystem::Pypi => &[("six", "1.16.0"), ("idna", "3.4")],
            Ecosystem::Cargo => &[("itoa", "1.0.9"), ("semver", "1.0.20")],
        }
    }

    /// Asked for while a byte is changed: never before, or the mirror would have them.
    pub(super) fn lied_about(self) -> Packages {
        match self {
            Self::Npm => &[("ms", "2.1.2")],
            Self::Pnpm => &[("once", "1.4.0")],
            Self::Yarn => &[("wrappy", "1.0.2")],
            Self::Pip => &[("toml", "0.10.2")],
            Self::Uv => &[("iniconfig", "2.0.0")],
            Self::Cargo => &[("fnv", "1.0.7")],
        }
    }

    /// Asked for while nobody answers, and never before.
    pub(super) fn unknown(self) -> Packages {
        match self.ecosystem() {
            Ecosystem::Npm => &[("inherits", "2.0.4")],
            Ecosystem::Pypi => &[("attrs", "23.1.0")],
            Ecosystem::Cargo => &[("ryu", "1.0.15")],
        }
    }
}

/// Where an ecosystem's clients reach the firewall.
pub(super) fn door(ecosystem: Ecosystem, listen: SocketAddr) -> Url {
    let path = match ecosystem {
        Ecosystem::Npm => "npm/",
        Ecosystem::Pypi => "pypi/simple/",
        Ecosystem::Cargo => "cargo/",
    };
    format!("http://{listen}/{path}").parse().expect("a socket address is an address")
}

/// A project in a folder of its own, with caches of its own.
#[derive(Debug)]
pub(super) struct Project {
    manager: Manager,
    programs: Programs,
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    success: bool,
    words: String,
    took: Duration,
}

impl Project {
    pub(super) fn new(manager: Manager, programs: &Programs, packages: Packages) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let project = Self { manager, programs: programs.clone(), folder };
        let write = |name: &str, text: String| fs::write(project.path().join(name), text);
        let joined = |line: &dyn Fn(&str, &str) -> String, separator: &str| {
            packages.iter().map(|(name, version)| line(name, version)).collect::<Vec<_>>().join(separator)
        };
        match manager {
            Manager::Npm | Manager::Pnpm | Manager::Yarn => {
                let wanted = joined(&|name, version| format!("\"{name}\": \"{version}\""), ", ");
                write(
                    "package.json",
                    format!("{{\"name\": \"p\", \"version\": \"1.0.0\", \"dependencies\": {{{wanted}}}}}"),
                )?;
            }
            Manager::Pip => write("requirements.txt", joined(&|name, version| format!("{name}=={version}"), "\n"))?,
            Manager::Uv => {
                let wanted = joined(&|name, version| format!("\"{name}=={version}\""), ", ");
                let text = format!(
                    "[project]\nname = \"p\"\nversion = \"1.0.0\"\nrequires-python = \">=3.9\"\ndependencies = [{wanted}]\n"
                );
                write("pyproject.toml", text)?;
            }
            Manager::Cargo => {
                let wanted = joined(&|name, version| format!("{name} = \"={version}\""), "\n");
                let head =
                    "[package]\nname = \"p\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n";
                write("Cargo.toml", format!("{head}{wanted}\n"))?;
                fs::create_dir(project.path().join("src"))?;
                write("src/lib.rs", String::new())?;
            }
        }
        Ok(project)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Locks, and installs what was locked.
    pub(super) async fn install(&self, registry: &Url) -> Result<Outcome> {
        let begun = Instant::now();
        let mut words = String::new();
        for mut command in self.commands(registry)? {
            command.current_dir(self.path()).kill_on_drop(true).env("HOME", self.path()).env("CI", "1");
            for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
                command.env(name, self.path().join(name.to_lowercase()));
            }
            let Ok(output) = tokio::time::timeout(LONGEST, command.output()).await else {
                let words = format!("{words}cut off after {} s", LONGEST.as_secs());
                return Ok(Outcome { success: false, words, took: begun.elapsed() });
            };
            let output = output.with_context(|| format!("start {}", self.manager.name()))?;
            for text in [&output.stdout, &output.stderr] {
                words.push_str(&String::from_utf8_lossy(text));
            }
            if !output.status.success() {
                return Ok(Outcome { success: false, words, took: begun.elapsed() });
            }
        }
        Ok(Outcome { success: true, words, took: begun.elapsed() })
    }

    fn commands(&self, registry: &Url) -> Result<Vec<Command>> {
        let (address, here) = (registry.as_str(), self.path().display().to_string());
        let command = |program: PathBuf, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        };
        Ok(match self.manager {
            Manager::Npm => {
                // As npm does it by itself: whatever this machine's own settings say.
                let quiet = ["--no-audit", "--no-fund", "--omit-lockfile-registry-resolved=false", "--ignore-scripts"];
                let cache = format!("--cache={here}/cache");
                let registry = format!("--registry={address}");
                vec![command("npm".into(), &[&["install", &registry, &cache], &quiet[..]].concat())]
            }
            Manager::Pnpm => {
                let (store, cache) = (format!("--store-dir={here}/store"), format!("--cache-dir={here}/cache"));
                let registry = format!("--registry={address}");
                let arguments = ["install", &registry, &store, &cache, "--ignore-scripts", "--no-frozen-lockfile"];
                vec![command(self.programs.node.join("pnpm"), &arguments)]
            }
            Manager::Yarn => {
                let settings = format!(
                    "npmRegistryServer: \"{}\"\nunsafeHttpWhitelist: [\"127.0.0.1\"]\nenableTelemetry: false\n\
                     enableGlobalCache: false\nnodeLinker: node-modules\nenableScripts: false\nhttpRetry: 1\n\
                     enableImmutableInstalls: false\n",
                    address.trim_end_matches('/')
                );
                fs::write(self.path().join(".yarnrc.yml"), settings)?;
                fs::write(self.path().join("yarn.lock"), "")?;
                vec![command(self.programs.node.join("yarn"), &["install"])]
            }
            Manager::Pip => {
                let arguments = [
                    "-m",
                    "pip",
                    "install",
                    "--isolated",
                    "--no-cache-dir",
                    "--disable-pip-version-check",
                    "--target",
                    "installed",
                    "--report",
                    "report.json",
                    "--index-url",
                    address,
                    "-r",
                    "requirements.txt",
                ];
                vec![command("python3".into(), &arguments)]
            }
            Manager::Uv => {
                let mut commands = Vec::new();
                for arguments in [["lock"], ["sync"]] {
                    let mut one = command(self.programs.uv.clone(), &arguments);
                    one.env("UV_DEFAULT_INDEX", address).env("UV_CACHE_DIR", self.path().join("cache"));
                    one.env("UV_PYTHON_DOWNLOADS", "never");
                    commands.push(one);
                }
                commands
            }
            Manager::Cargo => {
                let home = self.path().join("cargo");
                fs::create_dir_all(&home)?;
                let replaced = format!(
                    "[source.crates-io]\nreplace-with = \"other\"\n[source.other]\nregistry = \"sparse+{address}\"\n"
                );
                fs::write(home.join("config.toml"), replaced)?;
                let mut fetch = command("cargo".into(), &["fetch"]);
                fetch.env("CARGO_HOME", home).env("RUSTUP_HOME", rustup_home()).env_remove("CARGO_TARGET_DIR");
                vec![fetch]
            }
        })
    }

    /// What the client wrote down.
    pub(super) fn lockfile(&self) -> Result<String> {
        let read = |name: &str| fs::read_to_string(self.path().join(name)).with_context(|| format!("read {name}"));
        match self.manager {
            Manager::Npm => read("package-lock.json"),
            Manager::Pnpm => read("pnpm-lock.yaml"),
            Manager::Yarn => read("yarn.lock"),
            // It has no lockfile: what it says that it installed, by name, version and hash.
            Manager::Pip => {
                let report: serde_json::Value = serde_json::from_str(&read("report.json")?)?;
                let installed = report["install"].as_array().context("a list of what was installed")?.iter();
                let line = |one: &serde_json::Value| {
                    let of = &one["metadata"];
                    format!("{} {} {}\n", of["name"], of["version"], one["download_info"]["archive_info"]["hashes"])
                };
                let mut lines: Vec<String> = installed.map(line).collect();
                lines.sort();
                Ok(lines.concat())
            }
            Manager::Uv => read("uv.lock"),
            Manager::Cargo => read("Cargo.lock"),
        }
    }
}

/// cargo is started by rustup, which looks for itself in the home folder.
fn rustup_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".rustup");
    std::env::var_os("RUSTUP_HOME").map_or_else(home, PathBuf::from)
}

impl Outcome {
    pub(super) fn installed(&self) -> bool {
        self.success
    }

    /// It failed, and said what we said.
    pub(super) fn refused(&self) -> bool {
        !self.success && self.words.contains("Lockgate")
    }

    pub(super) fn short(&self) -> String {
        let seconds = self.took.as_secs_f64();
        match (self.success, self.refused()) {
            (true, _) => format!("installed, {seconds:.1} s"),
            (false, true) => format!("refused with our words, {seconds:.1} s"),
            (false, false) => format!("failed, {seconds:.1} s"),
        }
    }

    /// The lines in which the client repeats what it was told; the last ones where there are none.
    pub(super) fn words(&self) -> String {
        let lines: Vec<&str> = self.words.lines().filter(|line| !line.trim().is_empty()).collect();
        let told: Vec<&str> = lines.iter().copied().filter(|line| line.contains("Lockgate")).take(2).collect();
        if told.is_empty() { lines[lines.len().saturating_sub(5)..].join("\n") } else { told.join("\n") }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.short(), self.words())
    }
}

/// How two lockfiles differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Same {
    Identical,
    /// The address that was installed from is another one, and nothing else.
    ButForTheAddress,
    Different {
        line: String,
    },
}

impl fmt::Display for Same {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identical => f.write_str("identical"),
            Self::ButForTheAddress => f.write_str("identical but for the address"),
            Self::Different { line } => write!(f, "DIFFERENT: {line}"),
        }
    }
}

/// Compares the lockfile made without the firewall with the one made through it.
pub(super) fn compare(without: &str, with: &str) -> Same {
    if without == with {
        return Same::Identical;
    }
    let (without, with) = (addressless(without), addressless(with));
    match without.lines().zip(with.lines()).find(|(one, other)| one != other) {
        None if without.lines().count() == with.lines().count() => Same::ButForTheAddress,
        None => Same::Different { line: "one is longer".to_owned() },
        Some((_, line)) => Same::Different { line: line.trim().to_owned() },
    }
}

/// Every address without all but its last part, which is the file.
fn addressless(text: &str) -> String {
    let cut = |line: &str| {
        let Some((before, rest)) = line.split_once("\"http") else { return line.to_owned() };
        let (address, after) = rest.split_once('"').unwrap_or((rest, ""));
        let file = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let file = if file.contains('.') && address.matches('/').count() > 3 { file } else { "index" };
        format!("{before}\"{file}\"{after}")
    };
    text.lines().map(|line| cut(line) + "\n").collect()
}
