//! What Docker and Podman know of a registry: `auth.json`, `config.json` and their credential helpers, as a `basic …` token.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::Failure;

/// A credential file. It has more than we look at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    auth: Option<String>,
}

/// What a credential helper prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    username: String,
    secret: String,
}

/// The token for a registry, or for an organization in it: `quay.io`, `quay.io/my-org`. Files are searched in Podman's order,
/// then Docker's is.
///
/// # Errors
/// No file knows the registry, or a file or helper cannot be read.
pub(crate) fn token(registry: &str) -> Result<String, Failure> {
    let files = files();
    for path in &files {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unusable(path, &error.to_string())),
        };
        // What is wrong may be beside a password: only the line is told.
        let file: CredentialFile = serde_json::from_str(&text).map_err(|error| {
            unusable(
                path,
                &format!("not what Docker or Podman write, line {}", error.line()),
            )
        })?;
        if let Some(token) = find(&file, registry)? {
            return Ok(token);
        }
    }
    let files: Vec<String> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(Failure::Usage(format!(
        "nothing is known of {registry}; looked in {}. Use `podman login {registry}` or `docker login {registry}`",
        files.join(", ")
    )))
}

fn unusable(path: &Path, problem: &str) -> Failure {
    Failure::Usage(format!("cannot read {}: {problem}", path.display()))
}

fn files() -> Vec<PathBuf> {
    let variable = |name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let home = variable("HOME");
    let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let config = variable("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
    let docker = variable("DOCKER_CONFIG").or_else(|| in_home(".docker"));
    let files = [
        variable("REGISTRY_AUTH_FILE"),
        variable("XDG_RUNTIME_DIR").map(|directory| directory.join("containers/auth.json")),
        config.map(|directory| directory.join("containers/auth.json")),
        docker.map(|directory| directory.join("config.json")),
    ];
    files.into_iter().flatten().collect()
}

/// The most specific entry wins: `quay.io/my-org` before `quay.io`.
fn find(file: &CredentialFile, registry: &str) -> Result<Option<String>, Failure> {
    let registry = normalized(registry);
    let mut place = registry;
    loop {
        let helper = file.cred_helpers.iter();
        let mut helpers = helper.filter(|(key, _)| normalized(key) == place);
        if let Some((_, helper)) = helpers.next() {
            return ask(helper, place).map(Some);
        }
        let mut entries = file
            .auths
            .iter()
            .filter(|(key, _)| normalized(key) == place);
        if let Some((key, entry)) = entries.next() {
            match (&entry.auth, &file.creds_store) {
                (Some(auth), _) if !auth.is_empty() => return checked(auth, registry).map(Some),
                (_, Some(helper)) => return ask(helper, key).map(Some),
                _ => {}
            }
        }
        match place.rsplit_once('/') {
            Some((shorter, _)) => place = shorter,
            None => return Ok(None),
        }
    }
}

/// Docker writes some keys as URLs.
fn normalized(key: &str) -> &str {
    let key = key
        .strip_prefix("https://")
        .or(key.strip_prefix("http://"))
        .unwrap_or(key);
    key.trim_end_matches('/')
}

fn checked(auth: &str, registry: &str) -> Result<String, Failure> {
    let decoded = STANDARD.decode(auth.trim()).ok();
    match decoded.is_some_and(|decoded| decoded.contains(&b':')) {
        true => Ok(format!("basic {}", auth.trim())),
        false => Err(Failure::Usage(format!(
            "the entry of {registry} is not base64 of `user:password`"
        ))),
    }
}

/// Asks a credential helper, as Docker does: `docker-credential-<helper> get`, the registry on its standard input.
fn ask(helper: &str, registry: &str) -> Result<String, Failure> {
    let program = format!("docker-credential-{helper}");
    let failed = |problem: String| Failure::Usage(format!("{program}: {problem}"));
    if helper.is_empty() || helper.contains(['/', '\\']) {
        return Err(failed("not the name of a credential helper".to_owned()));
    }
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read has its own error to tell.
        let _ = input.write_all(registry.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!(
            "has no credentials for {registry}: {}",
            output.status
        )));
    }
    let found: Credentials = serde_json::from_slice(&output.stdout)
        .map_err(|_| failed("its answer is not the JSON of a credential helper".to_owned()))?;
    if found.username == "<token>" {
        return Err(failed(
            "has an identity token, which omps cannot use; log in with a password or robot"
                .to_owned(),
        ));
    }
    Ok(basic(&found.username, &found.secret))
}

/// The value of `Authorization` for a user.
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!(
        "basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(json: &str, registry: &str) -> Result<Option<String>, String> {
        let file = serde_json::from_str(json).unwrap();
        find(&file, registry).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn the_most_specific_entry_of_a_registry_is_its_token() {
        let json = r#"{"auths": {"quay.io": {"auth": "YTpi"}, "quay.io/acme": {"auth": "Yzpk"},
            "https://index.docker.io/v1/": {"auth": "ZTpm"}}}"#;
        for (registry, token) in [
            ("quay.io", Some("basic YTpi")),
            ("quay.io/acme", Some("basic Yzpk")),
            ("quay.io/acme/larder", Some("basic Yzpk")),
            ("https://quay.io/other/", Some("basic YTpi")),
            ("index.docker.io/v1", Some("basic ZTpm")),
            ("quay.example.com", None),
            ("evilquay.io", None),
        ] {
            assert_eq!(
                find_in(json, registry).unwrap().as_deref(),
                token,
                "{registry}"
            );
        }
    }

    #[test]
    fn an_entry_that_is_no_password_is_refused_and_not_told() {
        let error =
            find_in(r#"{"auths": {"quay.io": {"auth": "c2VjcmV0"}}}"#, "quay.io").unwrap_err();

        assert!(error.contains("not base64 of"), "{error}");
        assert!(
            !error.contains("c2VjcmV0") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn a_helper_is_no_path() {
        let error =
            find_in(r#"{"credHelpers": {"quay.io": "../../tmp/x"}}"#, "quay.io").unwrap_err();

        assert!(
            error.contains("not the name of a credential helper"),
            "{error}"
        );
    }
}
