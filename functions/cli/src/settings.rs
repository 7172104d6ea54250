//! Where the service is, whose operators are pushed and who asks: from options, the environment, or a file.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;
use serde::Deserialize;

use crate::arguments::{Who, Whose};
use crate::output::{Escaped, WARNING, eprint};
use crate::{Failure, credentials};

/// The longest token, in bytes: more than Quay's are, and than a header may be.
const LONGEST_TOKEN: u64 = 8_192;

/// `omps/config.toml`: everything in it may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The address of the service.
    pub(crate) url: Option<String>,
    /// The organization to push to.
    pub(crate) organization: Option<String>,
    /// The token; `omps login --save` writes it.
    token: Option<String>,
    /// A file with the token.
    token_file: Option<PathBuf>,
    /// The registry whose credentials Docker or Podman keep.
    credentials_of: Option<String>,
}

/// Where the settings are kept.
fn path() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let directory = set("XDG_CONFIG_HOME").map(PathBuf::from);
    let directory = directory.or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")));
    directory.map(|directory| directory.join("omps/config.toml"))
}

impl Settings {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong.
    pub(crate) fn read() -> Result<Self, Failure> {
        let Some(path) = path() else {
            return Ok(Settings::default());
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Settings::default());
            }
            Err(error) => return Err(usage(&path, &error.to_string())),
        };
        let settings: Settings =
            toml::from_str(&text).map_err(|error| usage(&path, error.message()))?;
        if settings.token.is_some() {
            warn_of_readers(&path);
        }
        Ok(settings)
    }

    /// The organization of the command line, the environment or the file.
    ///
    /// # Errors
    /// None of them has one.
    pub(crate) fn organization(&self, whose: &Whose) -> Result<String, Failure> {
        let organization = whose.organization.clone().or(self.organization.clone());
        organization.ok_or_else(|| {
            Failure::Usage("no organization: use --organization or OMPS_ORGANIZATION".to_owned())
        })
    }

    /// The token, if there is one.
    ///
    /// # Errors
    /// A file or a helper that cannot be read, or a token that no header can have.
    pub(crate) fn token(&self, who: &Who) -> Result<Option<HeaderValue>, Failure> {
        let from_environment = std::env::var("OMPS_TOKEN")
            .ok()
            .filter(|token| !token.is_empty());
        let token = if let Some(token) = &who.token {
            eprint(&format!(
                "{WARNING}warning{WARNING:#}: --token can be seen by other users of this machine; use --token-file or OMPS_TOKEN\n"
            ));
            token.clone()
        } else if let Some(file) = &who.token_file {
            token_in(file)?
        } else if let Some(registry) = &who.credentials_of {
            credentials::token(registry)?
        } else if let Some(token) = from_environment.or(self.token.clone()) {
            token
        } else if let Some(file) = &self.token_file {
            token_in(file)?
        } else if let Some(registry) = &self.credentials_of {
            credentials::token(registry)?
        } else {
            return Ok(None);
        };
        header(&token).map(Some)
    }

    /// As [`Settings::token`], for what needs one.
    ///
    /// # Errors
    /// As there, and no token.
    pub(crate) fn required_token(&self, who: &Who) -> Result<HeaderValue, Failure> {
        self.token(who)?.ok_or_else(|| {
            Failure::Usage(
                "no token: use --token-file, --credentials-of or OMPS_TOKEN; `omps login` gets one"
                    .to_owned(),
            )
        })
    }
}

fn header(token: &str) -> Result<HeaderValue, Failure> {
    let mut header = HeaderValue::from_str(token.trim())
        .ok()
        .filter(|header| !header.is_empty())
        .ok_or_else(|| {
            Failure::Usage(
                "the token is empty, or has characters that no header may have".to_owned(),
            )
        })?;
    header.set_sensitive(true);
    Ok(header)
}

fn token_in(file: &Path) -> Result<String, Failure> {
    let mut token = String::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin()
            .take(LONGEST_TOKEN + 1)
            .read_to_string(&mut token),
        false => fs::File::open(file)
            .and_then(|file| file.take(LONGEST_TOKEN + 1).read_to_string(&mut token)),
    };
    read.map_err(|error| usage(file, &error.to_string()))?;
    match token.len() as u64 > LONGEST_TOKEN {
        true => Err(usage(file, "this is too long for a token")),
        false => Ok(token),
    }
}

fn usage(path: &Path, problem: &str) -> Failure {
    Failure::Usage(format!("cannot read {}: {problem}", path.display()))
}

fn warn_of_readers(path: &Path) {
    let mode = fs::metadata(path).map(|file| file.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        let path = path.display().to_string();
        let path = Escaped(&path);
        eprint(&format!(
            "{WARNING}warning{WARNING:#}: other users can read the token in {path}: chmod 600 {path}\n"
        ));
    }
}

/// Keeps a token in the file, beside what is there. Only its owner can read the file then.
///
/// # Errors
/// A file that cannot be read or written.
pub(crate) fn save_token(token: &str) -> Result<PathBuf, Failure> {
    let path = path().ok_or_else(|| {
        Failure::Usage("neither XDG_CONFIG_HOME nor HOME says where to keep the token".to_owned())
    })?;
    let failed =
        |error: std::io::Error| Failure::Usage(format!("cannot write {}: {error}", path.display()));
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| usage(&path, &error.to_string()))?,
    };
    let mut table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| usage(&path, error.message()))?;
    table.insert("token".to_owned(), token.into());
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    // Another file that takes the place of the old one: a token never is in a file that others can read.
    let new = path.with_extension("toml.new");
    let _ = fs::remove_file(&new);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .map_err(failed)?;
    let written = file.write_all(table.to_string().as_bytes());
    written
        .and_then(|()| fs::rename(&new, &path))
        .map_err(failed)?;
    Ok(path)
}
