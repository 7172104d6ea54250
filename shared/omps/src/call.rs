//! One request or message as it is worked on: the application and the deadline, which every call to another service
//! needs. No function hands them on one by one.

use std::sync::Arc;

use reqwest::Url;

use crate::app::App;
use crate::deadline::Deadline;
use crate::greenwave::Greenwave;
use crate::koji::Koji;
use crate::names::OrganizationName;
use crate::organization::ReleaseFormat;
use crate::registry::{
    AppRegistry, BundleImages, Connection, Registry, RegistryError, Repository, ledger_key,
};
use crate::secrets::SecretsError;
use crate::token::{Token, Tokens};
use crate::upstream::Upstream;

/// The application, and when the work must be done.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What the process was built with.
    pub app: &'a App,
    /// When the answer must be there.
    pub deadline: Deadline,
}

impl<'a> Call<'a> {
    /// Work that ends by the deadline.
    pub fn new(app: &'a App, deadline: Deadline) -> Self {
        Call { app, deadline }
    }

    /// The same work, with some of its time kept back for finding out what became of it, and for finishing.
    #[must_use]
    pub fn less_reserve(self) -> Self {
        Call {
            deadline: self.deadline.less_reserve(),
            ..self
        }
    }

    /// Koji.
    pub fn koji(self) -> Koji {
        let config = &self.app.config;
        Koji::new(
            self.upstream("Koji"),
            config.kojihub_url.clone(),
            config.kojiroot_url.clone(),
        )
    }

    /// Where an organization's releases go.
    pub fn registry_url<R: Registry>(self, organization: &OrganizationName) -> &'a Url {
        match R::FORMAT {
            ReleaseFormat::AppRegistry => &self.app.config.quay_url,
            ReleaseFormat::BundleImage => self.app.config.registry_url(organization.as_str()),
        }
    }

    /// The registry that an organization's releases go to, for the caller with that token.
    pub fn registry<R: Registry>(self, organization: &OrganizationName, token: &Token) -> R {
        R::connect(self.connection(self.registry_url::<R>(organization)), token)
    }

    /// Whether the registry of an organization knows the caller with that token.
    ///
    /// # Errors
    /// [`RegistryError::Refused`] if it does not.
    pub async fn try_token(
        self,
        organization: &OrganizationName,
        token: &Token,
    ) -> Result<(), RegistryError> {
        match self.app.release_format(organization) {
            ReleaseFormat::AppRegistry => {
                let registry = self.registry::<AppRegistry>(organization, token);
                registry.try_token(organization).await
            }
            ReleaseFormat::BundleImage => {
                let registry = self.registry::<BundleImages>(organization, token);
                registry.try_token(organization).await
            }
        }
    }

    /// A connection to a registry, on behalf of this work.
    pub fn connection(self, url: &Url) -> Connection {
        Connection {
            service: self.upstream("Quay"),
            url: url.clone(),
            endpoint: self.app.endpoint(url),
            ledger: self.app.ledger.clone(),
            deadline: self.deadline,
        }
    }

    /// The ledger's key of a release, or of something else that a repository has by name.
    pub fn release_key<R: Registry>(self, repository: &Repository, name: &str) -> String {
        let registry = self.registry_url::<R>(&repository.organization);
        ledger_key(registry, repository, name)
    }

    /// Greenwave, if it is to be asked.
    pub fn greenwave(self) -> Option<Greenwave<'a>> {
        let config = self.app.config.greenwave.as_ref()?;
        Some(Greenwave::new(
            self.upstream("Greenwave"),
            &config.url,
            &config.context,
            &config.product_version,
        ))
    }

    /// The tokens of an organization, from Secrets Manager when that is configured, else from the configuration.
    ///
    /// # Errors
    /// [`SecretsError`], when Secrets Manager cannot be asked.
    pub async fn tokens(self, name: &OrganizationName) -> Result<Arc<Tokens>, SecretsError> {
        self.app.tokens(name, self.deadline).await
    }

    /// The tokens of an organization after Quay refused one of them: others if it has others by now, or the same.
    ///
    /// # Errors
    /// [`SecretsError`], when Secrets Manager cannot be asked.
    pub async fn renewed_tokens(
        self,
        name: &OrganizationName,
        refused: &Arc<Tokens>,
    ) -> Result<Arc<Tokens>, SecretsError> {
        self.app.renewed_tokens(name, refused, self.deadline).await
    }

    /// Another service, called on behalf of this work.
    pub fn upstream(self, service: &'static str) -> Upstream {
        self.app.upstream(service, self.deadline)
    }
}
