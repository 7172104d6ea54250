//! What must be right of the registries for bundle images before anything is sent to them.

use reqwest::Url;

use super::{Config, Problems};
use crate::organization::ReleaseFormat;
use crate::registry::oci::{ImageRepository, Tag};

/// Checks the registry of every organization whose releases are bundle images, and that of all others.
pub(super) fn check(config: &Config, problems: &mut Problems) {
    let uses_quay = config.registry_url.is_none();
    let is_used = config.release_format == ReleaseFormat::BundleImage;
    if is_used && uses_quay && !is_safe(&config.quay_url) {
        problems.add(
            "quay_url",
            format!(
                "{} is not safe for bundle images: wanted https, or the same as registry_url",
                config.quay_url
            ),
        );
    }
    for (name, organization) in &config.organizations {
        let is_used = config.release_format(name) == ReleaseFormat::BundleImage;
        let registry = config.registry_url(name);
        for setting in organization.needs_oauth() {
            if is_used && !config.is_quay(registry) {
                problems.add(
                    &format!("organizations.{name}.{setting}"),
                    format!("is for a Quay, and registry_url {registry} is not quay_url"),
                );
            }
        }
        let for_images = [
            ("immutable_tags", organization.immutable_tags),
            ("catalog", organization.catalog.is_some()),
        ];
        for (setting, _) in for_images.iter().filter(|(_, is_set)| *is_set && !is_used) {
            problems.add(
                &format!("organizations.{name}.{setting}"),
                "is for bundle images, and release_format is app-registry",
            );
        }
        if let Some(catalog) = &organization.catalog {
            let place = |key| format!("organizations.{name}.catalog.{key}");
            if let Err(error) = ImageRepository::parse("organization", &catalog.repository) {
                problems.add(&place("repository"), error);
            }
            if let Err(error) = Tag::parse(&catalog.tag) {
                problems.add(&place("tag"), error);
            }
        }
    }
}

/// Whether tokens may go there without somebody saying so.
fn is_safe(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let is_loopback = address.is_ok_and(|address| address.is_loopback()) || host == "localhost";
    url.scheme() == "https" || is_loopback
}
