//! A build as Koji describes it, and the location of its archive of operator manifests. No answer of the hub can lead
//! to a file outside the root of the file server.

#[cfg(test)]
mod tests;

use dxr::Value;
use reqwest::Url;

use super::KojiError;
use super::xml_rpc::{as_text, member};
use crate::names::Nvr;
use crate::url::append;

/// The type of the manifests archive in newer builds, and the name of its folder.
const OPERATOR_MANIFESTS: &str = "operator-manifests";
/// The state of a build that is still running.
pub(super) const BUILDING: &str = "BUILDING";
/// The volume whose name is not part of a path.
const DEFAULT_VOLUME: &str = "DEFAULT";

/// The needed properties of a build.
#[derive(Debug)]
pub(crate) struct Build {
    /// The id as the hub sent it: an integer of any size.
    pub id: Value,
    state: i32,
    volume: String,
    name: String,
    version: String,
    release: String,
    extra: Value,
    completed_at: Option<f64>,
}

/// A complete build, with the names that Koji uses.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedBuild {
    /// The package's name.
    pub name: String,
    /// Name, version and release.
    pub nvr: Nvr,
    /// When the build was completed, in seconds since 1970; absent if Koji does not report it.
    pub completed_at: Option<f64>,
}

/// The location of a build's archive, as the build names it.
#[derive(Debug, PartialEq)]
pub(crate) enum ArchiveLocation<'a> {
    /// A file of the type `operator-manifests`.
    File(&'a str),
    /// A log; used by older builds.
    Log(&'a str),
}

impl Build {
    /// Reads the answer to `getBuild`.
    ///
    /// # Errors
    /// [`KojiError::UnexpectedAnswer`]
    pub(crate) fn read(build: &Value) -> Result<Self, KojiError> {
        let text = |name| {
            let text = member(build, name).and_then(as_text);
            text.map(str::to_owned)
                .ok_or_else(|| unexpected_answer("getBuild", format!("it has no text '{name}'")))
        };
        let id = ["build_id", "id"]
            .iter()
            .filter_map(|name| member(build, name))
            .find(|id| matches!(id, Value::Integer(_) | Value::Long(_)));
        let state = match member(build, "state") {
            Some(Value::Integer(state)) => *state,
            _ => return Err(unexpected_answer("getBuild", "it has no state".to_owned())),
        };
        let volume = member(build, "volume_name").and_then(as_text);
        Ok(Build {
            id: id
                .cloned()
                .ok_or_else(|| unexpected_answer("getBuild", "it has no id".to_owned()))?,
            state,
            volume: volume.unwrap_or(DEFAULT_VOLUME).to_owned(),
            name: text("name")?,
            version: text("version")?,
            release: text("release")?,
            extra: member(build, "extra").cloned().unwrap_or(Value::Nil),
            completed_at: match member(build, "completion_ts") {
                Some(Value::Double(seconds)) => Some(*seconds),
                Some(Value::Integer(seconds)) => Some(f64::from(*seconds)),
                _ => None,
            },
        })
    }

    /// The location of the archive. A value in `extra` that has the wrong type counts as missing.
    ///
    /// # Errors
    /// [`KojiError::NotAnOperatorImage`] if the build is not complete, or names no archive.
    pub(crate) fn archive(&self, nvr: &Nvr) -> Result<ArchiveLocation<'_>, KojiError> {
        self.must_be_complete(nvr)?;
        let text = |value| as_text(value).filter(|text| !text.is_empty());
        let file = member(&self.extra, "typeinfo")
            .and_then(|types| member(types, OPERATOR_MANIFESTS))
            .and_then(|manifests| member(manifests, "archive"))
            .and_then(text);
        let log = || member(&self.extra, "operator_manifests_archive").and_then(text);
        file.map(ArchiveLocation::File)
            .or_else(|| log().map(ArchiveLocation::Log))
            .ok_or_else(|| KojiError::NotAnOperatorImage {
                nvr: nvr.clone(),
                state: None,
            })
    }

    fn must_be_complete(&self, nvr: &Nvr) -> Result<(), KojiError> {
        match self.state {
            1 => Ok(()),
            state => Err(KojiError::NotAnOperatorImage {
                nvr: nvr.clone(),
                state: Some(state_name(state)),
            }),
        }
    }

    /// The N-V-R that Koji gives the build.
    ///
    /// # Errors
    /// [`KojiError::UnexpectedAnswer`] if it is not valid.
    pub(crate) fn nvr(&self) -> Result<Nvr, KojiError> {
        let nvr = format!("{}-{}-{}", self.name, self.version, self.release);
        Nvr::parse(&nvr).map_err(|error| unexpected_answer("getBuild", error.to_string()))
    }

    /// The build, if it is complete.
    ///
    /// # Errors
    /// [`KojiError::NotAnOperatorImage`] if it is not complete, [`KojiError::UnexpectedAnswer`] if Koji's names are not
    /// a valid N-V-R.
    pub(crate) fn finished(self, asked: &Nvr) -> Result<FinishedBuild, KojiError> {
        self.must_be_complete(asked)?;
        Ok(FinishedBuild {
            nvr: self.nvr()?,
            name: self.name,
            completed_at: self.completed_at,
        })
    }

    /// The URL of a file in the folder of the build's operator manifests.
    ///
    /// # Errors
    /// [`KojiError::UnexpectedAnswer`] if a part of it cannot be a path segment.
    pub(crate) fn file_url(&self, root: &Url, file: &str) -> Result<Url, KojiError> {
        let volume = match self.volume.as_str() {
            DEFAULT_VOLUME => [].as_slice(),
            volume => &["vol", volume],
        };
        let build = [
            "packages",
            &self.name,
            &self.version,
            &self.release,
            "files",
            OPERATOR_MANIFESTS,
            file,
        ];
        below_root("getBuild", root, &[volume, &build].concat())
    }
}

/// The URL of a log, from the answer to `getBuildLogs`. `None` if there is no log with this name.
///
/// # Errors
/// [`KojiError::UnexpectedAnswer`] if the answer is not a list, or the path could lead out of the root.
pub(crate) fn log_url(root: &Url, logs: &Value, name: &str) -> Result<Option<Url>, KojiError> {
    let Value::Array(logs) = logs else {
        return Err(unexpected_answer(
            "getBuildLogs",
            "it is not an array".to_owned(),
        ));
    };
    let named = |log: &&Value| member(log, "name").and_then(as_text) == Some(name);
    let Some(log) = logs.iter().find(named) else {
        return Ok(None);
    };
    let path = member(log, "path").and_then(as_text).ok_or_else(|| {
        unexpected_answer(
            "getBuildLogs",
            format!("the log {} has no path", shown(name)),
        )
    })?;
    // The path of a top-level log contains `/./`.
    let segments: Vec<&str> = path.split('/').filter(|segment| *segment != ".").collect();
    below_root("getBuildLogs", root, &segments).map(Some)
}

fn below_root(method: &'static str, root: &Url, segments: &[&str]) -> Result<Url, KojiError> {
    let is_unsafe = |segment: &&&str| {
        let leads_elsewhere =
            matches!(**segment, "" | "." | "..") || segment.contains(['/', '\\', '\0']);
        leads_elsewhere || segment.len() > 255 || segment.chars().any(char::is_control)
    };
    match segments.iter().find(is_unsafe) {
        None => Ok(append(root, segments.iter().copied())),
        Some(segment) => {
            let problem = format!("{} cannot be a part of a path", shown(segment));
            Err(unexpected_answer(method, problem))
        }
    }
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(100).collect::<String>())
}

fn unexpected_answer(method: &'static str, problem: String) -> KojiError {
    KojiError::UnexpectedAnswer { method, problem }
}

/// Koji's name for the state of a build.
fn state_name(state: i32) -> String {
    let names = [BUILDING, "COMPLETE", "DELETED", "FAILED", "CANCELED"];
    let name = usize::try_from(state)
        .ok()
        .and_then(|state| names.get(state));
    name.map_or_else(|| format!("in state {state}"), |name| (*name).to_owned())
}
