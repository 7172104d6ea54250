//! The application: what a process builds once and every request uses.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::config::{Config, ConfigError};
use crate::greenwave::Greenwave;
use crate::koji::Koji;
use crate::names::OrganizationName;
use crate::organization::{Organization, ReleaseFormat};
use crate::registry::{AppRegistry, QuayToken, Registry};
use crate::upstream::{Deadline, Upstream};

/// Time to reach another service, of what one call may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Configuration and clients.
pub struct App {
    /// What the service was started with.
    pub config: Config,
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
}

impl App {
    /// Builds the application for a configuration.
    pub fn new(config: Config) -> Self {
        App {
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
        Ok(Self::new(config))
    }

    /// What an organization asks of its pushes.
    pub fn organization(&self, name: &OrganizationName) -> Arc<Organization> {
        self.config
            .organizations
            .get(name.as_str())
            .cloned()
            .unwrap_or_default()
    }

    /// The registry that an organization pushes to, with the caller's token.
    pub fn registry(
        &self,
        organization: &Organization,
        token: QuayToken,
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
