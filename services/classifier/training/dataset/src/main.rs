//! Builds a data set for the classifier: rows with their lineage, features beside them, and a report of their quality.
//!
//! Malicious archives are read in memory from a git repository's objects; nothing of them is unpacked, run or kept but
//! digests and hashed tokens.

mod benign;
mod index;
mod quality;
mod repository;
mod row;
mod set;

use anyhow::Result;
use clap::{Parser, Subcommand};
use lockgate_model::Ecosystem;
use repository::Repository;
use set::Writer;
use std::path::{Path, PathBuf};

#[derive(Debug, Parser)]
#[command(name = "dataset", about = "Builds the classifier's data set.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Rows of the archives that an index lists; those that it does not list are never read.
    Malicious {
        /// The list, with the columns path, artifact_sha256, skeleton, family, archive_month, split.
        #[arg(long)]
        index: PathBuf,
        /// A git repository with the archives; only its objects are read.
        #[arg(long)]
        repository: PathBuf,
        /// Folder for the set; it must not exist.
        #[arg(long)]
        out: PathBuf,
        /// Archives of one family, at most.
        #[arg(long, default_value_t = 10)]
        of_a_family: usize,
    },
    /// Rows of consecutive versions from a registry. May be stopped at any time; the same command goes on.
    Benign {
        #[arg(long)]
        ecosystem: Ecosystem,
        /// The registry, as `lockgate init` finds it.
        #[arg(long)]
        registry: String,
        /// Hosts of artifacts other than the registry's.
        #[arg(long)]
        artifact_host: Vec<String>,
        /// Folder of the set.
        #[arg(long)]
        out: PathBuf,
        /// Rows that are wanted.
        #[arg(long, default_value_t = 10_000)]
        rows: usize,
        /// Packages to begin with; their dependencies follow.
        seeds: Vec<String>,
    },
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Malicious { index, repository, out, of_a_family } => {
            println!("{}", malicious(&index, &repository, &out, of_a_family)?);
            Ok(())
        }
        Command::Benign { ecosystem, registry, artifact_host, out, rows, seeds } => {
            let client = benign::client(ecosystem, &registry, artifact_host)?;
            let mut set = Writer::resume(&out)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(benign::collect(&client, ecosystem, &seeds, rows, &mut set))?;
            println!("{}", set.finish()?);
            Ok(())
        }
    }
}

fn malicious(index: &Path, repository: &Path, out: &Path, of_a_family: usize) -> Result<String> {
    let chosen = index::choose(index::read(index)?, of_a_family);
    let mut repository = Repository::open(repository)?;
    let source = format!("{}@{}", repository.name(), repository.head()?);
    let mut set = Writer::create(out)?;
    for entry in &chosen {
        set.add_malicious(entry, &source, &repository.read(&entry.path)?)?;
    }
    set.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::Digest;
    use serde_json::Value;
    use std::{fs, process::Command};
    use tempfile::TempDir;

    fn archive(text: &str) -> Vec<u8> {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()));
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, "a-1/setup.py", text.as_bytes()).unwrap();
        tar.into_inner().unwrap().finish().unwrap()
    }

    /// A repository with archives, and an index of those that `listed` names, with the digests of `stated`.
    fn stage(archives: &[(&str, Vec<u8>)], listed: &[(&str, String)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.current_dir(folder.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.test"]).args(words);
            assert!(git.output().unwrap().status.success(), "{words:?}");
        };
        git(&["init", "--quiet"]);
        for (path, bytes) in archives {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "archives"]);
        let line = |(path, digest): &(&str, String)| format!("{path},{digest},skeleton,family,2022-01,2022-01,train\n");
        let head = "path,artifact_sha256,skeleton,family,archive_month,family_first_seen,split\n";
        fs::write(folder.path().join("index.csv"), format!("{head}{}", listed.iter().map(line).collect::<String>()))
            .unwrap();
        folder
    }

    fn build(folder: &TempDir) -> Result<Vec<Value>> {
        let (index, out) = (folder.path().join("index.csv"), folder.path().join("set"));
        malicious(&index, &folder.path().join(".git"), &out, 10)?;
        let rows = fs::read_to_string(out.join("rows.jsonl"))?;
        Ok(rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn a_row_says_where_it_comes_from_and_where_its_features_lie() {
        let (one, two) = (archive("print(1)\n"), archive("import os\nos.listdir('.')\n"));
        let digest = |bytes: &Vec<u8>| Digest::sha256(bytes).hex();
        // The third is the second one again; the fourth is not listed.
        let mut again = two.clone();
        again.extend([0; 4]);
        let archives = [("a/1/a.gz", one.clone()), ("b/2/b.gz", two.clone()), ("c/3/c.gz", again.clone())];
        let listed = [("a/1/a.gz", digest(&one)), ("b/2/b.gz", digest(&two)), ("c/3/c.gz", digest(&again))];
        let folder = stage(&[&archives[..], &[("d/4/d.gz", archive("never()\n"))]].concat(), &listed);
        let rows = build(&folder).unwrap();
        assert_eq!(rows.len(), 2, "one of two with the same features");
        let features = fs::read(folder.path().join("set/features.bin")).unwrap();
        for row in &rows {
            let number = |name: &str| usize::try_from(row[name].as_u64().unwrap()).unwrap();
            let part = &features[number("offset")..number("offset") + number("length")];
            assert_eq!(row["features_sha256"], Digest::sha256(part).hex());
            // A build script; one chunk of role 0, and so many tokens as its length says.
            assert_eq!((part[0], part[2], part[4], part.len()), (2, 1, 0, 7 + 2 * usize::from(part[5])));
            assert!(row["label_source"].as_str().unwrap().contains('@'), "{row}");
        }
        assert!(build(&folder).unwrap_err().to_string().contains("never written over"));
    }

    #[test]
    fn bytes_that_are_not_the_listed_ones_are_an_error() {
        let one = archive("print(1)\n");
        let folder = stage(&[("a/1/a.gz", one.clone())], &[("a/1/a.gz", Digest::sha256(b"other").hex())]);
        assert!(build(&folder).unwrap_err().to_string().contains("a/1/a.gz is"));
        let folder = stage(&[("a/1/a.gz", one)], &[("b/1/b.gz", Digest::sha256(b"other").hex())]);
        assert!(build(&folder).unwrap_err().to_string().contains("b/1/b.gz is not in"));
    }
}
