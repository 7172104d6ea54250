//! The configuration: OMPS's names and defaults, from a TOML file and the environment, checked before anything starts.

mod environment;
mod registries;
mod sources;

use std::collections::BTreeMap;
use std::env;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Deserializer, de};
use toml::{Table, Value};

use crate::organization::{Organization, ReleaseFormat};
use crate::release::ReleaseVersion;
use crate::telemetry::{LogFormat, LogLevel};
use crate::url::{base_url, optional_url};
use sources::{overlay, section_of};

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
    /// `release_format`: how releases are pushed, unless the organization says otherwise. Default: app-registry.
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
    /// Not TOML.
    #[error("the configuration is not TOML: line {line}: {problem}")]
    NotToml {
        /// Counted from one. What stands there may be a token, and is not told.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// No such table.
    #[error("the configuration has no section [{wanted}]; it has {found}")]
    NoSection {
        /// The section asked for.
        wanted: String,
        /// The sections that are there.
        found: String,
    },
    /// A wrong value or an unknown key.
    #[error("configuration: {0}")]
    Invalid(String),
}

impl Config {
    /// Reads the file that `OMPS_CONF_FILE` names, if any, and the environment. The names of `OMPS_…` variables that
    /// mean nothing come with it, to be warned of.
    ///
    /// # Errors
    /// [`ConfigError`], which names the key.
    pub fn from_env() -> Result<(Self, Vec<String>), ConfigError> {
        let mut table = match env::var("OMPS_CONF_FILE") {
            Ok(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| ConfigError::Unreadable { path, error })?;
                let section =
                    env::var("OMPS_CONF_SECTION").unwrap_or_else(|_| DEFAULT_SECTION.to_owned());
                section_of(&text, &section)?
            }
            Err(_) => Table::new(),
        };
        let unknown = overlay(&mut table, environment::variables(env::vars_os())?);
        Ok((Self::from_table(table)?, unknown))
    }

    /// Reads one section of a TOML text.
    ///
    /// # Errors
    /// [`ConfigError`], which names the key.
    pub fn from_toml(text: &str, section: &str) -> Result<Self, ConfigError> {
        Self::from_table(section_of(text, section)?)
    }

    fn from_table(table: Table) -> Result<Self, ConfigError> {
        let config: Config = Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| {
                ConfigError::Invalid(error.to_string().trim_end().replace('\n', " "))
            })?;
        if config.ledger_table.is_some() && config.data_dir.is_some() {
            let problem = "ledger_table and data_dir exclude each other";
            return Err(ConfigError::Invalid(problem.to_owned()));
        }
        match (&config.upload_dir, &config.upload_bucket) {
            (Some(_), Some(_)) => Err("upload_dir and upload_bucket exclude each other"),
            (Some(_), None) if config.public_url.is_none() => {
                Err("upload_dir wants public_url, where clients put their uploads")
            }
            _ => Ok(()),
        }
        .map_err(|problem| ConfigError::Invalid(problem.to_owned()))?;
        registries::check(&config)?;
        names_differ(config.organizations.keys())?;
        Ok(config)
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

    /// Whether zips that are too big for a request can be pushed.
    pub fn takes_uploads(&self) -> bool {
        self.upload_bucket.is_some() || self.upload_dir.is_some()
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

/// No two organizations are the same but for upper and lower case: a registry may not tell them apart.
fn names_differ<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), ConfigError> {
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            return Err(ConfigError::Invalid(format!(
                "organizations.{name}: the name differs from organizations.{other} only in upper and lower case"
            )));
        }
    }
    Ok(())
}

fn organizations<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Arc<Organization>>, D::Error> {
    let tables = BTreeMap::<String, Value>::deserialize(deserializer)?;
    let organization = |(name, table): (String, Value)| {
        let invalid =
            |problem: String| de::Error::custom(format!("organizations.{name}: {problem}"));
        crate::names::OrganizationName::parse(&name).map_err(|error| invalid(error.to_string()))?;
        if name.len() > 128 {
            return Err(invalid("the name is longer than 128 characters".to_owned()));
        }
        let organization: Organization = table
            .try_into()
            .map_err(|error: toml::de::Error| invalid(error.to_string()))?;
        Ok((name, Arc::new(organization)))
    };
    tables.into_iter().map(organization).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(section: &str) -> String {
        Config::from_toml(&format!("[ProdConfig]\n{section}"), DEFAULT_SECTION)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("max_content_lenght = 1", "max_content_lenght"),
            ("max_content_length = 0", "max_content_length"),
            ("max_content_length = \"1M\"", "max_content_length"),
            ("request_timeout = -1", "request_timeout"),
            (
                "default_release_version = \"1.0\"",
                "default_release_version: Version '1.0' must be",
            ),
            ("quay_url = \"quay.io\"", "\"quay.io\" is not a base URL"),
            ("quay_url = \"https://a:b@quay.io\"", "must not hold a user"),
            ("kojihub_url = \"koji\"", "kojihub_url"),
            ("kojiroot_url = \"file:///mnt/koji\"", "kojiroot_url"),
            (
                "greenwave = {url = \"http://g\", context = \"c\"}",
                "missing field `product_version`",
            ),
            (
                "greenwave = {url = \"g\", context = \"c\", product_version = \"p\"}",
                "\"g\" is not a base URL",
            ),
            ("log_level = \"LOUD\"", "LOUD"),
            (
                "secrets_prefix = \"a b\"",
                "secrets_prefix \"a b\" is not valid",
            ),
            ("secrets_prefix = \"/\"", "secrets_prefix must not be empty"),
            (
                "[ProdConfig.organizations.a]\noauth_token = [\"x\"]",
                "organizations.a: oauth_token must be a text that a header can hold",
            ),
            ("public_url = \"omps\"", "\"omps\" is not a base URL"),
            ("upload_dir = \"uploads\"", "upload_dir wants public_url"),
            (
                "upload_dir = \"uploads\"\nupload_bucket = \"uploads\"",
                "upload_dir and upload_bucket exclude each other",
            ),
            ("release_format = \"zip\"", "app-registry"),
            ("registry_url = \"quay.io\"", "is not a base URL"),
            (
                "release_format = \"bundle-image\"\nquay_url = \"http://quay.example.com\"",
                "quay_url http://quay.example.com/ is not safe for bundle images",
            ),
            (
                "release_format = \"bundle-image\"\n[ProdConfig.organizations.a]\npublic = true\nregistry_url = \"https://r.example.com\"",
                "organizations.a: public is for a Quay",
            ),
            (
                "[ProdConfig.organizations.a]\nvalidation = \"loose\"",
                "organizations.a: unknown variant `loose`",
            ),
            (
                "[ProdConfig.organizations.a-b]\n[ProdConfig.organizations.A-b]",
                "organizations.a-b: the name differs from organizations.A-b only in upper and lower case",
            ),
            (
                "[ProdConfig.organizations.\"a b\"]",
                "organizations.a b: organization 'a b' is not valid",
            ),
            (
                "[ProdConfig.organizations.a]\npublik = true",
                "organizations.a: unknown field `publik`",
            ),
            (
                "[ProdConfig.organizations.a]\nreplace_registry = [{old = \"(\", new = \"\", regexp = true}]",
                "organizations.a: replace_registry: the pattern \"(\" does not compile",
            ),
            (
                "[ProdConfig.organizations.a]\ncsv_annotations = [{name = \"n\", value = \"{x}\"}]",
                "organizations.a: csv_annotations: the value \"{x}\" of \"n\" names the unknown key",
            ),
        ];
        for (section, wanted) in cases {
            assert!(
                error(section).contains(wanted),
                "{section}: {}",
                error(section)
            );
        }
    }

    #[test]
    fn what_is_no_toml_is_told_by_its_line_and_never_quoted() {
        let error = Config::from_toml("[P]\noauth_token = \"hush-hush", "P").unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("the configuration is not TOML: line 2: "),
            "{message}"
        );
        assert!(!message.contains("hush"), "{message}");
    }
}
