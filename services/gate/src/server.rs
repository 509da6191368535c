//! Puts a server together from its configuration, and runs it until it is told to stop.

use crate::{
    config::{Config, read_secret, secret_from},
    credentials::Credentials,
    firewall::Door,
    jobs::{Context, Workers},
    mirror,
    models::{self, Models},
    pipeline::{Collector, Knowledge},
    telemetry,
    web::{self, AppState, Role},
};
use anyhow::{Context as _, Result};
use lockgate_classifier::{Classifier, Library, Model, Pin, Settings};
use lockgate_ecosystems::Client;
use lockgate_evidence::{CollectorData, classifier, license::LicenseData};
use lockgate_github::{App, AppConfig, Secret};
use lockgate_policy::{Policy, PolicyHandle};
use lockgate_postgres::{Cluster, ClusterConfig};
use lockgate_source::Cache;
use lockgate_store::{Store, provision};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Named to registries, so that their operators know who asks.
pub const USER_AGENT: &str = concat!("lockgate/", env!("CARGO_PKG_VERSION"));

/// The database of a configuration, migrated, and the private cluster where it is ours.
#[derive(Debug)]
pub struct Database {
    pub store: Store,
    /// Kept alive as long as the store is used.
    pub cluster: Option<Cluster>,
}

/// Connects with the run-time role, after the owner has migrated. Without a configured database a private
/// cluster is started in `data_dir`.
///
/// # Errors
/// When no server can be provided or reached, or a migration fails.
pub async fn database(config: &Config) -> Result<Database> {
    let runtime = secret_from("LOCKGATE_DATABASE_URL", config.database.url_file.as_deref())?;
    let owner = secret_from("LOCKGATE_DATABASE_OWNER_URL", config.database.owner_url_file.as_deref())?;
    let connections = u32::try_from((config.work.workers + config.work.tellers) * 2 + 8).unwrap_or(32);
    if let Some(runtime) = runtime {
        if let Some(owner) = owner {
            lockgate_store::migrate(&owner).await.context("migrate the database")?;
        }
        return Ok(Database { store: Store::connect(&runtime, connections).await?, cluster: None });
    }
    let data_dir = config.data_dir.join("postgres");
    let cluster = tokio::task::spawn_blocking(move || {
        let mut log = |line: &str| tracing::info!("{line}");
        Cluster::ensure(&mut ClusterConfig::new(data_dir, &mut log))
    })
    .await?
    .context("start the private PostgreSQL cluster")?;
    lockgate_model::redact::know(&cluster.runtime_password());
    let urls = provision::database(&cluster.admin_url(), "lockgate", &cluster.runtime_password()).await?;
    lockgate_store::migrate(&urls.owner).await.context("migrate the database")?;
    Ok(Database { store: Store::connect(&urls.runtime, connections).await?, cluster: Some(cluster) })
}

/// The policy of a configuration.
///
/// # Errors
/// When the bundle does not compile: a server must not start with a policy that it cannot apply.
pub fn policy(config: &Config) -> Result<Policy> {
    match &config.policy.dir {
        Some(dir) => Policy::load(dir).with_context(|| format!("load the policy {}", dir.display())),
        None => Policy::embedded().context("load the built-in policy"),
    }
}

/// The evidence collector of a configuration, with the model of its file.
///
/// # Errors
/// When a registry's configuration or the model cannot be used.
pub fn collector(config: &Config, knowledge: Knowledge, license: LicenseData) -> Result<Collector> {
    let budget = Duration::from_secs(config.work.collector_seconds);
    let model = classifier(config, budget)?.map(classifier::Classifier::new);
    collector_with(config, knowledge, license, model)
}

fn collector_with(
    config: &Config,
    knowledge: Knowledge,
    license: LicenseData,
    classifier: Option<classifier::Classifier>,
) -> Result<Collector> {
    let client = registry_client(config)?;
    let budget = Duration::from_secs(config.work.collector_seconds);
    let data = CollectorData {
        license,
        versions: lockgate_ecosystems::versions,
        signature: config.signature.check()?,
        pins: config.pin_settings()?,
        popular: Arc::new(config.popular_names()?),
        classifier,
    };
    let checks = lockgate_evidence::collectors(data);
    Ok(Collector::new(client, knowledge, checks, budget, config.work.releases_at_once))
}

/// The client of the configured registries.
///
/// # Errors
/// When a registry's configuration cannot be used.
pub fn registry_client(config: &Config) -> Result<Client> {
    Client::new(config.registry_configs()?, USER_AGENT)
        .and_then(|client| client.fresh_for(Duration::from_secs(config.work.registry_fresh_seconds)))
        .context("set up the registry client")
}

/// The running model, where one is configured.
///
/// # Errors
/// When it cannot be used: a server must not start as if it had a check that it has not.
pub fn classifier(config: &Config, budget: Duration) -> Result<Option<Arc<Classifier>>> {
    let Some(model) = &config.classifier.model else { return Ok(None) };
    let library = Library::load(&config.classifier.library()).context("load the classifier's library")?;
    let model = Model::open(&library, model, Pin::Beside).context("open the classifier's model")?;
    let settings = Settings { budget, ..Settings::default() };
    Ok(Some(Arc::new(Classifier::start(model, settings).context("start the classifier")?)))
}

fn github(config: &Config) -> Result<Option<App>> {
    let Some(github) = &config.github else { return Ok(None) };
    let key = read_secret(&github.private_key_file)?;
    let app = App::new(AppConfig {
        api_url: github.api_url.clone(),
        client_id: github.client_id.clone(),
        private_key_pem: Secret::from(key),
        limits: github.limits.clone(),
    });
    Ok(Some(app.context("set up the GitHub App")?))
}

/// Everything that jobs and pages share.
///
/// # Errors
/// When a part of the configuration cannot be used.
pub fn context(config: Config, store: Store) -> Result<Arc<Context>> {
    let policy = policy(&config)?;
    let license = LicenseData::embedded();
    let models = Models::new(&config, store.clone()).map(Arc::new);
    // Each evaluation is given the model that is chosen for it.
    let unchosen = models.is_some().then(models::unchosen);
    let collector = collector_with(&config, Knowledge::stored(store.clone()), license, unchosen)?;
    let mirror = mirror::of(&config, &store, collector.client())?;
    let github = github(&config)?;
    let credentials = Arc::new(Credentials::read(&config)?);
    let git = Cache::new(config.git_cache(), config.work.git_cache_bytes);
    let policy = PolicyHandle::new(policy);
    Ok(Arc::new(Context { store, collector, mirror, models, policy, github, credentials, git, config }))
}

/// Serves until `stop` ends, then lets running jobs finish.
///
/// # Errors
/// When the models or the pages cannot be set up.
pub async fn serve(
    context: Arc<Context>,
    role: Role,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let state = AppState::new(Arc::clone(&context), telemetry::metrics()?)?;
    // Judging is work: the firewall is open where work is done.
    let stopping = CancellationToken::new();
    let door = if role == Role::Intake { None } else { Door::open(&context).await? };
    let access_log = state.access_log.clone();
    let watching = tokio::spawn(Arc::clone(&context.credentials).watch(context.github.clone()));
    let scoring = match context.models.as_ref().filter(|_| role != Role::Intake) {
        Some(models) => Some(models.start().await?),
        None => None,
    };
    let workers = (role != Role::Intake).then(|| Workers::start(&context));
    let firewall = door.map(|door| tokio::spawn(door.serve(stopping.clone().cancelled_owned())));
    tracing::info!(address = %listener.local_addr()?, ?role, policy = %context.policy.current().digest(), "serving");
    web::connections::serve(&listener, &web::router(state, role), stop).await;
    stopping.cancel();
    if let Some(firewall) = firewall {
        firewall.await.context("the firewall ended early")?;
    }
    access_log.finish().await;
    if let Some(workers) = workers {
        workers.stop().await;
    }
    if let Some(scoring) = scoring {
        scoring.finish().await;
    }
    watching.abort();
    Ok(())
}
