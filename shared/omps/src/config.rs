//! The configuration: OMPS's names and defaults, from a TOML file and the environment, checked before anything starts.

mod checks;
mod environment;
pub mod from_omps;
mod problems;
mod registries;
mod sources;

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Deserializer, de};
use toml::Value;

use crate::organization::{Organization, ReleaseFormat};
use crate::release::ReleaseVersion;
use crate::telemetry::{LogFormat, LogLevel};
use crate::url::{base_url, optional_url};
pub use problems::Problems;
use sources::Section;

/// The section that is read when `OMPS_CONF_SECTION` names none.
pub const DEFAULT_SECTION: &str = "ProdConfig";
/// Bytes that a zip may add to those of its files: about 400 for each of the entries that are allowed, whose name and
/// headers are in it twice.
const ZIP_OVERHEAD: u64 = 4 << 20;

/// One section of the configuration file. Every scalar can be given as `OMPS_<NAME>`, which wins over the file; an empty
/// variable is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `log_level`: DEBUG, INFO, WARNING, ERROR or CRITICAL. Default: INFO.
    pub log_level: LogLevel,
    /// `log_format`: `text` or `json`. Default: `text` on a terminal, else `json`.
    pub log_format: Option<LogFormat>,
    /// `default_release_version`: the first release of a repository. Default: 1.0.0.
    #[serde(deserialize_with = "release_version")]
    pub default_release_version: ReleaseVersion,
    /// `quay_url`: the Quay to push to. Default: `https://quay.io`.
    #[serde(deserialize_with = "base_url")]
    pub quay_url: Url,
    /// `kojihub_url`: the XML-RPC interface of the Koji to take builds from. Default:
    /// `https://koji.fedoraproject.org/kojihub`.
    #[serde(deserialize_with = "base_url")]
    pub kojihub_url: Url,
    /// `kojiroot_url`: that Koji's files. Default: `https://kojipkgs.fedoraproject.org/`.
    #[serde(deserialize_with = "base_url")]
    pub kojiroot_url: Url,
    /// `greenwave`: whom to ask whether a build may be pushed. Default: nobody.
    pub greenwave: Option<GreenwaveConfig>,
    /// `release_format`: how releases are pushed, unless the organization says otherwise. Default: bundle-image.
    pub release_format: ReleaseFormat,
    /// `registry_url`: the OCI registry for bundle images, unless the organization says otherwise; `http` is allowed.
    /// Default: that of `quay_url`.
    #[serde(deserialize_with = "optional_url")]
    pub registry_url: Option<Url>,
    /// `secrets_prefix`: organizations' tokens are in Secrets Manager, as `<secrets_prefix>/<organization>`. Default: they
    /// are in this configuration.
    #[serde(deserialize_with = "secrets_prefix")]
    pub secrets_prefix: Option<String>,
    /// `ca_file`: PEM file with authorities to trust beside the system's. Default: none.
    pub ca_file: Option<PathBuf>,
    /// `upload_bucket`: the bucket in S3 where zips wait that are too big for a request. Default: none.
    pub upload_bucket: Option<String>,
    /// `upload_dir`: the directory where they wait instead; wants `public_url`. Default: none.
    pub upload_dir: Option<PathBuf>,
    /// `public_url`: where clients reach this service, for the URLs that it gives out. Default: none.
    #[serde(deserialize_with = "optional_url")]
    pub public_url: Option<Url>,
    /// `ledger_table`: the table in DynamoDB where releases are reserved and requests are known. Default: none.
    pub ledger_table: Option<String>,
    /// `data_dir`: the server's directory for the same, in a file. Default: none; without either, the process's memory.
    pub data_dir: Option<PathBuf>,
    /// `request_timeout`: seconds for one call to another service. Default: 28.
    #[serde(deserialize_with = "seconds")]
    pub request_timeout: Duration,
    /// `zipfile_max_uncompressed_size`: bytes of all files in an archive together. Default: 20971520.
    pub zipfile_max_uncompressed_size: NonZeroU64,
    /// `max_content_length`: bytes of a request body. Default: 2097152.
    pub max_content_length: NonZeroUsize,
    /// `organizations.<name>`: what organizations ask of their pushes. Default: none; an organization that is not
    /// configured works, private and without rules.
    #[serde(deserialize_with = "organizations")]
    pub organizations: BTreeMap<String, Arc<Organization>>,
}

impl Default for Config {
    fn default() -> Self {
        #[expect(clippy::unwrap_used, reason = "constants, read by every test")]
        let (first_release, quay, kojihub, kojiroot) = (
            ReleaseVersion::parse("1.0.0").unwrap(),
            Url::parse("https://quay.io").unwrap(),
            Url::parse("https://koji.fedoraproject.org/kojihub").unwrap(),
            Url::parse("https://kojipkgs.fedoraproject.org/").unwrap(),
        );
        Config {
            log_level: LogLevel::default(),
            log_format: None,
            default_release_version: first_release,
            quay_url: quay,
            kojihub_url: kojihub,
            kojiroot_url: kojiroot,
            greenwave: None,
            release_format: ReleaseFormat::default(),
            registry_url: None,
            secrets_prefix: None,
            ca_file: None,
            upload_bucket: None,
            upload_dir: None,
            public_url: None,
            ledger_table: None,
            data_dir: None,
            request_timeout: Duration::from_secs(28),
            zipfile_max_uncompressed_size: NonZeroU64::MIN.saturating_add(20 * 1024 * 1024 - 1),
            max_content_length: NonZeroUsize::MIN.saturating_add(2 * 1024 * 1024 - 1),
            organizations: BTreeMap::new(),
        }
    }
}

/// `greenwave`: which Greenwave, and which decision of its. All three are required.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GreenwaveConfig {
    /// `greenwave.url`: where it is.
    #[serde(deserialize_with = "base_url")]
    pub url: Url,
    /// `greenwave.context`: the decision context.
    pub context: String,
    /// `greenwave.product_version`: the product version.
    pub product_version: String,
}

/// A configuration that the service must not start with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `OMPS_CONF_FILE`.
    #[error("cannot read the configuration file {path}: {error}")]
    Unreadable {
        /// Its path.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Not TOML. What stands in the file may be a token, and is not in the message.
    #[error("the configuration is not TOML:{0}")]
    NotToml(Problems),
    /// A configuration of OMPS, in Python.
    #[error(
        "the configuration is a config.py of OMPS, in Python; omps reads TOML. `omps-server --from-omps {path} > omps.toml` converts it, and runs nothing of it. Its settings here: {names}"
    )]
    Python {
        /// The file.
        path: String,
        /// What its settings are called here.
        names: String,
    },
    /// No such table.
    #[error("the configuration has no section [{wanted}]; it has {found}")]
    NoSection {
        /// The section asked for.
        wanted: String,
        /// The sections that are there.
        found: String,
    },
    /// Wrong values, unknown keys, and unknown variables: all that there are.
    #[error("configuration:{0}")]
    Invalid(Problems),
}

impl Config {
    /// Reads the file that `OMPS_CONF_FILE` names, if any, and the environment.
    ///
    /// # Errors
    /// [`ConfigError`], which names everything that is wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        checks::config_of(Section::from_env()?)
    }

    /// Reads one section of a TOML text.
    ///
    /// # Errors
    /// [`ConfigError`], which names everything that is wrong.
    pub fn from_toml(text: &str, section: &str) -> Result<Self, ConfigError> {
        checks::config_of(Section::of_toml(text, section)?)
    }

    /// How an organization's releases are pushed.
    pub fn release_format(&self, organization: &str) -> ReleaseFormat {
        let organization = self.organizations.get(organization);
        let format = organization.and_then(|organization| organization.release_format);
        format.unwrap_or(self.release_format)
    }

    /// The registry for an organization's bundle images.
    pub fn registry_url(&self, organization: &str) -> &Url {
        let organization = self.organizations.get(organization);
        let url = organization.and_then(|organization| organization.registry_url.as_ref());
        url.unwrap_or_else(|| self.default_registry_url())
    }

    /// The registry for the bundle images of organizations that have none of their own.
    pub fn default_registry_url(&self) -> &Url {
        self.registry_url.as_ref().unwrap_or(&self.quay_url)
    }

    /// Whether a registry for bundle images is the Quay at `quay_url`, which has visibility.
    pub fn is_quay(&self, registry: &Url) -> bool {
        registry.origin() == self.quay_url.origin()
    }

    /// Bytes that an archive may have which does not come in a request.
    pub fn max_archive_size(&self) -> usize {
        let limit = self.zipfile_max_uncompressed_size.get();
        usize::try_from(limit.saturating_add(ZIP_OVERHEAD)).unwrap_or(usize::MAX)
    }

    /// Organizations with a setting that needs an OAuth token, with no token to come from anywhere.
    pub fn without_needed_token(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let is_without = |organization: &Organization| {
            organization.oauth_token.is_none() && self.secrets_prefix.is_none()
        };
        self.organizations
            .iter()
            .filter(move |(_, organization)| is_without(organization))
            .flat_map(|(name, organization)| {
                let settings = organization.needs_oauth();
                settings.map(move |setting| (name.as_str(), setting))
            })
    }

    /// What is pushed and where to, for people.
    pub fn summary(&self) -> String {
        let registry = match self.release_format {
            ReleaseFormat::AppRegistry => &self.quay_url,
            ReleaseFormat::BundleImage => self.default_registry_url(),
        };
        format!(
            "{} to {registry}, {}, organizations: {}",
            self.release_format,
            file_and_section(),
            self.organizations.len()
        )
    }

    /// Whether zips that are too big for a request can be pushed.
    pub fn takes_uploads(&self) -> bool {
        self.upload_bucket.is_some() || self.upload_dir.is_some()
    }
}

/// The configuration file and its section, for people.
pub fn file_and_section() -> String {
    match sources::file_of_env() {
        Some((path, section)) => format!("configured by {path} [{section}]"),
        None => "no configuration file".to_owned(),
    }
}

fn release_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ReleaseVersion, D::Error> {
    let text = String::deserialize(deserializer)?;
    ReleaseVersion::parse(&text)
        .map_err(|error| de::Error::custom(format!("default_release_version: {error}")))
}

/// A secret's name without the organization, in the characters that Secrets Manager takes.
fn secrets_prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    match text.trim_matches('/') {
        "" => Err(de::Error::custom("secrets_prefix must not be empty")),
        prefix if prefix.len() > 256 || !prefix.bytes().all(is_allowed) => Err(de::Error::custom(
            format!("secrets_prefix {text:?} is not valid: wanted letters, digits and /_+=.@-"),
        )),
        _ => Ok(Some(text.trim_end_matches('/').to_owned())),
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = NonZeroU64::deserialize(deserializer)?;
    Ok(Duration::from_secs(seconds.get()))
}

fn organizations<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Arc<Organization>>, D::Error> {
    let tables = BTreeMap::<String, Value>::deserialize(deserializer)?;
    let organization = |(name, table): (String, Value)| {
        let invalid =
            |problem: String| de::Error::custom(format!("organizations.{name}: {problem}"));
        let organization: Organization = table
            .try_into()
            .map_err(|error: toml::de::Error| invalid(error.to_string()))?;
        Ok((name, Arc::new(organization)))
    };
    tables.into_iter().map(organization).collect()
}

#[cfg(test)]
mod tests;
