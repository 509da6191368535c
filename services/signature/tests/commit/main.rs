//! Commits and tags that git, gpg and ssh-keygen signed, honest and altered: what we say of them, beside what git says.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod cms;
mod forged;
mod gitsign;
mod gpg;
mod hostile;
mod objects;
mod openpgp;
mod ssh;
mod tools;
