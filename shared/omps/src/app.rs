//! The application: what a process builds once and every request uses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;

use crate::api::HealthAnswer;
use crate::aws::Aws;
use crate::config::{Config, ConfigError};
use crate::deadline::Deadline;
use crate::ledger::claims::{Ledger, LedgerError};
use crate::names::{InvalidName, OrganizationName};
use crate::objects::Objects;
use crate::organization::{Organization, ReleaseFormat};
use crate::registry::oci::Endpoint;
use crate::secrets::{SecretsError, SecretsManager};
use crate::telemetry;
use crate::token::Tokens;
use crate::uploads::{Bucket, Directory, Uploads};
use crate::upstream::{ANSWER_LIMIT, Upstream};
use crate::url::append;

/// Time to reach another service, of what one call may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Configuration and clients.
pub struct App {
    /// What the service was started with.
    pub config: Config,
    /// AWS, for what of it is used.
    pub aws: Arc<Aws>,
    secrets: Option<SecretsManager>,
    /// Where zips wait that are too big for a request, if there is such a place.
    pub uploads: Option<Uploads>,
    /// What is released, and what was asked for.
    pub ledger: Arc<Ledger>,
    /// Where the zips are that events name.
    pub objects: Objects,
    authorities: Vec<reqwest::Certificate>,
    client: OnceLock<reqwest::Client>,
    /// What the last check of other services found, and when it ended.
    pub(crate) health: tokio::sync::Mutex<Option<(Instant, HealthAnswer)>>,
    /// Registries for bundle images by URL.
    endpoints: Mutex<HashMap<String, Arc<Endpoint>>>,
}

/// A process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// By its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// By its ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// By a CA's certificate.
    #[error("no certificate in PEM: {0}")]
    Certificate(String),
    /// By the file that `ca_file` names.
    #[error("ca_file {path}: {problem}")]
    CaFile {
        /// Its path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl App {
    /// Builds the application for a configuration. AWS is as the environment says.
    pub fn new(config: Config) -> Self {
        Self::with_aws(config, Aws::default())
    }

    /// Builds the application for a configuration and an AWS of its own.
    pub fn with_aws(config: Config, aws: Aws) -> Self {
        let aws = Arc::new(aws);
        let secrets = config.secrets_prefix.as_deref();
        let ledger = match &config.ledger_table {
            Some(table) => Ledger::in_table(table.clone(), aws.clone()),
            None => Ledger::in_memory(),
        };
        App {
            objects: Objects::in_s3(aws.clone()),
            secrets: secrets.map(|prefix| SecretsManager::new(prefix, aws.clone())),
            uploads: uploads(&config, &aws),
            ledger: Arc::new(ledger),
            aws,
            config,
            authorities: Vec::new(),
            client: OnceLock::new(),
            health: tokio::sync::Mutex::default(),
            endpoints: Mutex::default(),
        }
    }

    /// Trusts the authorities of a PEM text beside those of the system. To be called before the first request.
    ///
    /// # Errors
    /// [`StartError::Certificate`] when the text holds none.
    pub fn trust(&mut self, pem: &[u8]) -> Result<(), StartError> {
        let certificates = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| StartError::Certificate(error.to_string()))?;
        if certificates.is_empty() {
            return Err(StartError::Certificate("the text holds none".to_owned()));
        }
        self.authorities.extend(certificates);
        Ok(())
    }

    /// Reads the configuration from the environment, starts logging, and builds the application.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong with the configuration.
    pub fn from_env() -> Result<Self, StartError> {
        let config = Config::from_env()?;
        telemetry::init(config.log_level, config.log_format);
        log_start(&config);
        let mut app = Self::new(config);
        app.open_ledger()?;
        app.trust_ca_file()?;
        Ok(app)
    }

    /// Opens the ledger in `data_dir`, where that is configured.
    ///
    /// # Errors
    /// [`StartError::Ledger`]
    pub fn open_ledger(&mut self) -> Result<(), StartError> {
        let Some(directory) = &self.config.data_dir else {
            return Ok(());
        };
        #[cfg(feature = "sqlite")]
        {
            self.ledger = Arc::new(Ledger::in_directory(directory)?);
            Ok(())
        }
        #[cfg(not(feature = "sqlite"))]
        Err(StartError::Ledger(LedgerError::Unavailable(format!(
            "data_dir {} is for the server; functions share a ledger_table",
            directory.display()
        ))))
    }

    /// Trusts the authorities in the file that `ca_file` names, if any.
    ///
    /// # Errors
    /// [`StartError::CaFile`]
    pub fn trust_ca_file(&mut self) -> Result<(), StartError> {
        let Some(path) = self.config.ca_file.clone() else {
            return Ok(());
        };
        let failed = |problem| StartError::CaFile {
            path: path.display().to_string(),
            problem,
        };
        let pem = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
        self.trust(&pem).map_err(|error| failed(error.to_string()))
    }

    /// Connects to Quay, and prepares for AWS, before the first push needs them. Neither waits for that nor minds if it
    /// fails.
    pub fn warm_up(&self) {
        if self.secrets.is_some() {
            let aws = self.aws.clone();
            tokio::spawn(async move {
                let _config = aws.config().await;
            });
        }
        let quay = self.upstream("Quay", Deadline::after(CONNECT_TIMEOUT));
        match self.config.release_format {
            ReleaseFormat::AppRegistry => {
                let version = append(&self.config.quay_url, ["cnr", "version"]);
                tokio::spawn(async move {
                    let request = || quay.client().get(version.clone());
                    drop(quay.send_repeatable(request, ANSWER_LIMIT).await);
                });
            }
            ReleaseFormat::BundleImage => {
                let endpoint = self.endpoint(self.config.default_registry_url());
                tokio::spawn(async move { drop(endpoint.is_there(&quay).await) });
            }
        }
    }

    /// The organization with this name, which must be spelled as in the configuration if it is there.
    ///
    /// # Errors
    /// [`InvalidName`]
    pub fn organization_named(&self, name: &str) -> Result<OrganizationName, InvalidName> {
        OrganizationName::parse(name)?.spelled_as(self.config.organizations.keys())
    }

    /// What an organization asks of its pushes.
    pub fn organization(&self, name: &OrganizationName) -> Arc<Organization> {
        self.config
            .organizations
            .get(name.as_str())
            .cloned()
            .unwrap_or_default()
    }

    /// The tokens of an organization, from Secrets Manager when that is configured, else from the configuration.
    ///
    /// # Errors
    /// [`SecretsError`], when Secrets Manager cannot be asked.
    pub async fn tokens(
        &self,
        name: &OrganizationName,
        deadline: Deadline,
    ) -> Result<Arc<Tokens>, SecretsError> {
        match &self.secrets {
            Some(secrets) => secrets.tokens(name, deadline).await,
            None => Ok(Arc::new(self.organization(name).tokens())),
        }
    }

    /// The tokens of an organization after Quay refused one of them: others if it has others by now, or the same.
    ///
    /// # Errors
    /// [`SecretsError`], when Secrets Manager cannot be asked.
    pub async fn renewed_tokens(
        &self,
        name: &OrganizationName,
        refused: &Arc<Tokens>,
        deadline: Deadline,
    ) -> Result<Arc<Tokens>, SecretsError> {
        match &self.secrets {
            Some(secrets) => secrets.renewed(name, refused, deadline).await,
            None => Ok(refused.clone()),
        }
    }

    /// How an organization's releases are pushed.
    pub fn release_format(&self, name: &OrganizationName) -> ReleaseFormat {
        self.config.release_format(name.as_str())
    }

    /// The registry for bundle images at this URL, with what the process has learnt of it.
    pub(crate) fn endpoint(&self, registry: &Url) -> Arc<Endpoint> {
        let build = || match self.config.is_quay(registry) {
            true => Endpoint::quay(registry.clone()),
            false => Endpoint::new(registry.clone()),
        };
        let endpoints = self.endpoints.lock();
        let mut endpoints = endpoints.unwrap_or_else(PoisonError::into_inner);
        let known = endpoints.entry(registry.to_string());
        known.or_insert_with(|| Arc::new(build())).clone()
    }

    /// A service that is called on behalf of a request with that deadline.
    pub fn upstream(&self, service: &'static str, deadline: Deadline) -> Upstream {
        Upstream::new(
            self.client(),
            service,
            self.config.request_timeout,
            deadline,
        )
    }

    /// The one client for all calls. It follows no redirect: a token goes where the configuration says, or nowhere.
    fn client(&self) -> reqwest::Client {
        let build = || {
            reqwest::Client::builder()
                .user_agent(concat!("omps/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT.min(self.config.request_timeout))
                .timeout(self.config.request_timeout)
                .tls_certs_merge(self.authorities.iter().cloned())
                .build()
        };
        #[expect(
            clippy::expect_used,
            reason = "fails only where the process has no TLS roots at all"
        )]
        self.client
            .get_or_init(|| build().expect("a TLS client"))
            .clone()
    }
}

/// Where uploads wait, as configured.
fn uploads(config: &Config, aws: &Arc<Aws>) -> Option<Uploads> {
    let bucket = config.upload_bucket.clone();
    let bucket = bucket.map(|name| Uploads::Bucket(Bucket::new(name, aws.clone())));
    bucket.or_else(|| {
        let (directory, public_url) = (config.upload_dir.clone()?, config.public_url.clone()?);
        Some(Uploads::Directory(Directory::new(directory, public_url)))
    })
}

/// Says what the service was started with: each organization, without its secrets.
fn log_start(config: &Config) {
    if config.ledger_table.is_none() && config.data_dir.is_none() {
        tracing::info!(
            "reservations and idempotency keys are in this process's memory: one process only may push to the registry, and a restart forgets them; data_dir or ledger_table keeps them"
        );
    }
    for (name, setting) in config.without_needed_token() {
        tracing::warn!(
            organization = %name,
            setting,
            "without an oauth_token: its repositories stay as they are"
        );
    }
    for (name, organization) in &config.organizations {
        let tokens = organization.tokens();
        let has_token = tokens.oauth.is_some() || tokens.quay.is_some();
        if config.secrets_prefix.is_some() && has_token {
            tracing::warn!(
                organization = %name,
                "tokens in the configuration mean nothing: secrets_prefix is set"
            );
        }
        tracing::info!(
            organization = %name,
            public = organization.public,
            immutable_tags = organization.immutable_tags,
            has_token,
            in_secrets_manager = config.secrets_prefix.is_some(),
            has_rules = !organization.rules.is_empty(),
            "organization configured"
        );
    }
}
