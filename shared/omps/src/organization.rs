//! What an organization asks of its pushes: visibility, tokens, and the rules that change manifests.

use std::fmt;

use omps_operator::bundle_image::Validation;
use omps_operator::rules::{Annotation, Replacement, Rules};
use reqwest::Url;
use serde::{Deserialize, Deserializer};

use crate::token::{self, Token, Tokens};
use crate::url::optional_url;

/// An organization's part of the configuration. One that is not configured is private and has no rules.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Table")]
pub struct Organization {
    /// `public`: make its repositories public after a push. Default: false.
    pub public: bool,
    /// `immutable_tags`: have Quay refuse to replace the tags of its bundle images. Default: false.
    pub immutable_tags: bool,
    /// `oauth_token`: for making repositories public and tags immutable. Default: none; better kept in Secrets Manager.
    pub oauth_token: Option<Token>,
    /// `quay_token`: a robot's `basic …`, for pushes by event. Default: none; better kept in Secrets Manager.
    pub quay_token: Option<Token>,
    /// `koji_packages`: packages whose finished builds are pushed by event.
    pub koji_packages: Vec<String>,
    /// `replace_registry`, `package_name_suffix` and `csv_annotations`.
    pub rules: Rules,
    /// `release_format`: how releases are pushed; absent: as the service's own `release_format` says.
    pub release_format: Option<ReleaseFormat>,
    /// `registry_url`: the registry for its bundle images; absent: the service's own.
    pub registry_url: Option<Url>,
    /// `validation`: what refuses its bundles, `normal` or `strict`. Default: normal.
    pub validation: Validation,
    /// `catalog`: the catalog image that its releases go into. Default: none.
    pub catalog: Option<CatalogSettings>,
}

/// `catalog`: where an organization's catalog is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogSettings {
    /// `repository`: its repository, which is no package's. Default: catalog.
    pub repository: String,
    /// `tag`: the tag that clusters follow. Default: latest.
    pub tag: String,
    /// `required`: whether a release that the catalog cannot take is refused. Default: true.
    pub required: bool,
}

impl Default for CatalogSettings {
    fn default() -> Self {
        CatalogSettings {
            repository: "catalog".to_owned(),
            tag: "latest".to_owned(),
            required: true,
        }
    }
}

/// An organization's table in the configuration file, where everything may be absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    public: bool,
    #[serde(default)]
    immutable_tags: bool,
    #[serde(default, deserialize_with = "token::oauth")]
    oauth_token: Option<Token>,
    #[serde(default, deserialize_with = "token::quay")]
    quay_token: Option<Token>,
    #[serde(default)]
    koji_packages: Vec<String>,
    #[serde(default)]
    replace_registry: Vec<Replacement>,
    package_name_suffix: Option<String>,
    #[serde(default)]
    csv_annotations: Vec<Annotation>,
    release_format: Option<ReleaseFormat>,
    #[serde(default, deserialize_with = "optional_url")]
    registry_url: Option<Url>,
    #[serde(default, deserialize_with = "validation")]
    validation: Validation,
    catalog: Option<CatalogSettings>,
}

impl From<Table> for Organization {
    fn from(table: Table) -> Self {
        Organization {
            public: table.public,
            immutable_tags: table.immutable_tags,
            oauth_token: table.oauth_token,
            quay_token: table.quay_token,
            koji_packages: table.koji_packages,
            rules: Rules {
                package_name_suffix: table.package_name_suffix,
                replace_registry: table.replace_registry,
                csv_annotations: table.csv_annotations,
            },
            release_format: table.release_format,
            registry_url: table.registry_url,
            validation: table.validation,
            catalog: table.catalog,
        }
    }
}

impl Organization {
    /// The settings that need its OAuth token, by name.
    pub fn needs_oauth(&self) -> impl Iterator<Item = &'static str> + use<> {
        let settings = [
            ("public", self.public),
            ("immutable_tags", self.immutable_tags),
        ];
        let set = settings.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(name, _)| name)
    }

    /// Its tokens, as configured.
    pub fn tokens(&self) -> Tokens {
        Tokens {
            oauth: self.oauth_token.clone(),
            quay: self.quay_token.clone(),
        }
    }
}

/// The form in which a release is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseFormat {
    /// Quay's App Registry, which quay.io has no more.
    AppRegistry,
    /// Bundle images, in any OCI registry.
    #[default]
    BundleImage,
}

impl fmt::Display for ReleaseFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReleaseFormat::AppRegistry => "app-registry",
            ReleaseFormat::BundleImage => "bundle-image",
        })
    }
}

fn validation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Validation, D::Error> {
    /// The names of [`Validation`].
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Name {
        Normal,
        Strict,
    }
    Ok(match Name::deserialize(deserializer)? {
        Name::Normal => Validation::Normal,
        Name::Strict => Validation::Strict,
    })
}
