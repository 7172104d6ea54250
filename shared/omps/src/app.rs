//! The application: what a process builds once and every request uses.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::aws::Aws;
use crate::config::{Config, ConfigError};
use crate::greenwave::Greenwave;
use crate::koji::Koji;
use crate::ledger::Ledger;
use crate::names::OrganizationName;
use crate::organization::{Organization, ReleaseFormat};
use crate::registry::{AppRegistry, Registry};
use crate::secrets::{SecretsError, SecretsManager, Tokens};
use crate::token::Token;
use crate::uploads::{Bucket, Spool, Uploads};
use crate::upstream::{ANSWER_LIMIT, Deadline, Upstream, below};

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
    /// What was pushed of what may be asked for more than once.
    pub ledger: Arc<Ledger>,
    authorities: Vec<reqwest::Certificate>,
    client: OnceLock<reqwest::Client>,
}

/// A process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// By its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
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
            secrets: secrets.map(|prefix| SecretsManager::new(prefix, aws.clone())),
            uploads: uploads(&config, &aws),
            ledger: Arc::new(ledger),
            aws,
            config,
            authorities: Vec::new(),
            client: OnceLock::new(),
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
        let (config, unknown_variables) = Config::from_env()?;
        crate::telemetry::init(&config);
        crate::telemetry::log_start(&config, &unknown_variables);
        let mut app = Self::new(config);
        app.trust_ca_file()?;
        Ok(app)
    }

    fn trust_ca_file(&mut self) -> Result<(), StartError> {
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
        let version = below(&self.config.quay_url, ["cnr", "version"]);
        tokio::spawn(async move {
            let request = || quay.client().get(version.clone());
            drop(quay.send_repeatable(request, ANSWER_LIMIT).await);
        });
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

    /// The registry that an organization pushes to, with the caller's token.
    pub fn registry(
        &self,
        organization: &Organization,
        token: Token,
        deadline: Deadline,
    ) -> Registry {
        match organization
            .release_format
            .unwrap_or(self.config.release_format)
        {
            ReleaseFormat::AppRegistry => Registry::AppRegistry(AppRegistry::new(
                self.upstream("Quay", deadline),
                self.config.quay_url.clone(),
                token,
            )),
        }
    }

    /// Koji.
    pub fn koji(&self, deadline: Deadline) -> Koji {
        Koji::new(
            self.upstream("Koji", deadline),
            self.config.kojihub_url.clone(),
            self.config.kojiroot_url.clone(),
        )
    }

    /// Greenwave, if it is to be asked.
    pub fn greenwave(&self, deadline: Deadline) -> Option<Greenwave<'_>> {
        let config = self.config.greenwave.as_ref()?;
        Some(Greenwave::new(self.upstream("Greenwave", deadline), config))
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
        Some(Uploads::Spool(Spool::new(directory, public_url)))
    })
}
