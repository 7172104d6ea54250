//! What must be right of the registries for bundle images before anything is sent to them.

use reqwest::Url;

use super::{Config, Problems};
use crate::organization::ReleaseFormat;

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
        if organization.immutable_tags && !is_used {
            problems.add(
                &format!("organizations.{name}.immutable_tags"),
                "is for bundle images, and release_format is app-registry",
            );
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
