//! Who is asking, and what they may see.
//!
//! [`authenticate`] alone makes a [`Principal`]: from a machine token or from a session's cookie. [`guard`] stands before
//! every route that the table in `web::routes` does not call open, and hands the handler an [`Authorized`]: the principal,
//! and the scope in which it holds the route's permission. Handlers read through that scope
//! (`lockgate_store::access::Scope`), behind which PostgreSQL's row-level security is the second wall.

mod authenticate;
mod cookies;
mod csrf;
mod guard;
pub(super) mod login;
mod oidc;
mod role;
mod secret;
mod token;

pub use authenticate::Principal;
pub use oidc::Provider;
pub use role::{Grant, Permission, Role};
pub use token::MachineToken;

pub(super) use cookies::is_https;
pub(super) use guard::{Authorized, Post, SignedIn, guard};
