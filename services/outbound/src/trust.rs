//! TLS as the system trusts it, set up now and then and not for each client: reading a hundred and forty certificates is
//! half the time of a conversation with a server nearby, and sessions are only resumed by a client that shares them.

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What the operator changes in the system's certificates is seen after this time.
const RENEWAL: Duration = Duration::from_secs(600);

static SHARED: Mutex<Option<(Instant, ClientConfig)>> = Mutex::new(None);

/// For HTTP/1.1. Clones share their sessions.
///
/// # Errors
/// When the system's certificates cannot be read.
pub(crate) fn shared() -> Result<ClientConfig, rustls::Error> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((made, config)) = &*shared
        && made.elapsed() < RENEWAL
    {
        return Ok(config.clone());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    *shared = Some((Instant::now(), config.clone()));
    Ok(config)
}
