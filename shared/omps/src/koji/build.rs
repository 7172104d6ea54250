//! A build as Koji tells of it, and where its archive of operator manifests is. Nothing that a hub says leads out of
//! its file server's root.

#[cfg(test)]
mod tests;

use dxr::Value;
use reqwest::Url;

use super::KojiError;
use super::xml_rpc::{as_text, member};
use crate::names::Nvr;
use crate::url::append;

/// The type under which newer builds keep their manifests, and the folder of its files.
const OPERATOR_MANIFESTS: &str = "operator-manifests";
/// The state of a build that has not ended.
pub(super) const BUILDING: &str = "BUILDING";
/// The volume that is not part of a path.
const DEFAULT_VOLUME: &str = "DEFAULT";

/// What is needed of a build.
#[derive(Debug)]
pub struct Build {
    /// As a hub wants it back: an integer, whatever its size.
    pub id: Value,
    state: i32,
    volume: String,
    name: String,
    version: String,
    release: String,
    extra: Value,
    completed_at: Option<f64>,
}

/// A build that has ended well, as Koji names it.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedBuild {
    /// The package's name.
    pub name: String,
    /// Name, version and release.
    pub nvr: Nvr,
    /// When it ended, in seconds since 1970; absent when Koji does not say.
    pub completed_at: Option<f64>,
}

/// Where a build says that its archive is.
#[derive(Debug, PartialEq)]
pub enum Archive<'a> {
    /// A file of the type `operator-manifests`.
    File(&'a str),
    /// A log: older builds.
    Log(&'a str),
}

impl Build {
    /// Reads the answer to `getBuild`.
    ///
    /// # Errors
    /// [`KojiError::Nonsense`]
    pub fn read(build: &Value) -> Result<Self, KojiError> {
        let text = |name| {
            let text = member(build, name).and_then(as_text);
            text.map(str::to_owned)
                .ok_or_else(|| nonsense("getBuild", format!("it has no text '{name}'")))
        };
        let id = ["build_id", "id"]
            .iter()
            .filter_map(|name| member(build, name))
            .find(|id| matches!(id, Value::Integer(_) | Value::Long(_)));
        let state = match member(build, "state") {
            Some(Value::Integer(state)) => *state,
            _ => return Err(nonsense("getBuild", "it has no state".to_owned())),
        };
        let volume = member(build, "volume_name").and_then(as_text);
        Ok(Build {
            id: id
                .cloned()
                .ok_or_else(|| nonsense("getBuild", "it has no id".to_owned()))?,
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

    /// Where the archive is. What is not as it should be in `extra` counts as not there.
    ///
    /// # Errors
    /// [`KojiError::NotAnOperatorImage`] when the build is not complete, or names no archive.
    pub fn archive(&self, nvr: &Nvr) -> Result<Archive<'_>, KojiError> {
        self.must_be_complete(nvr)?;
        let text = |value| as_text(value).filter(|text| !text.is_empty());
        let file = member(&self.extra, "typeinfo")
            .and_then(|types| member(types, OPERATOR_MANIFESTS))
            .and_then(|manifests| member(manifests, "archive"))
            .and_then(text);
        let log = || member(&self.extra, "operator_manifests_archive").and_then(text);
        file.map(Archive::File)
            .or_else(|| log().map(Archive::Log))
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

    /// The build, if it has ended well.
    ///
    /// # Errors
    /// [`KojiError::NotAnOperatorImage`] when it has not, [`KojiError::Nonsense`] when Koji's own names make no N-V-R.
    pub fn finished(self, asked: &Nvr) -> Result<FinishedBuild, KojiError> {
        self.must_be_complete(asked)?;
        let nvr = format!("{}-{}-{}", self.name, self.version, self.release);
        let nvr = Nvr::parse(&nvr).map_err(|error| nonsense("getBuild", error.to_string()))?;
        Ok(FinishedBuild {
            name: self.name,
            nvr,
            completed_at: self.completed_at,
        })
    }

    /// The URL of a file of the build's operator manifests.
    ///
    /// # Errors
    /// [`KojiError::Nonsense`] when a part of it is no segment of a path.
    pub fn file_url(&self, root: &Url, file: &str) -> Result<Url, KojiError> {
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

/// The URL of a log, as the answer to `getBuildLogs` has it; none when it lacks one of that name.
///
/// # Errors
/// [`KojiError::Nonsense`] when the answer is no list, or the log's path could lead elsewhere.
pub fn log_url(root: &Url, logs: &Value, name: &str) -> Result<Option<Url>, KojiError> {
    let Value::Array(logs) = logs else {
        return Err(nonsense("getBuildLogs", "it is no array".to_owned()));
    };
    let named = |log: &&Value| member(log, "name").and_then(as_text) == Some(name);
    let Some(log) = logs.iter().find(named) else {
        return Ok(None);
    };
    let path = member(log, "path").and_then(as_text).ok_or_else(|| {
        nonsense(
            "getBuildLogs",
            format!("the log {} has no path", shown(name)),
        )
    })?;
    // The path of a top-level log has `/./`.
    let segments: Vec<&str> = path.split('/').filter(|segment| *segment != ".").collect();
    below_root("getBuildLogs", root, &segments).map(Some)
}

fn below_root(method: &'static str, root: &Url, segments: &[&str]) -> Result<Url, KojiError> {
    let odd = |segment: &&&str| {
        let leads_elsewhere =
            matches!(**segment, "" | "." | "..") || segment.contains(['/', '\\', '\0']);
        leads_elsewhere || segment.len() > 255 || segment.chars().any(char::is_control)
    };
    match segments.iter().find(odd) {
        None => Ok(append(root, segments.iter().copied())),
        Some(segment) => {
            let problem = format!("{} cannot be a part of a path", shown(segment));
            Err(nonsense(method, problem))
        }
    }
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(100).collect::<String>())
}

fn nonsense(method: &'static str, problem: String) -> KojiError {
    KojiError::Nonsense { method, problem }
}

/// Koji's names for the states of a build.
fn state_name(state: i32) -> String {
    let names = [BUILDING, "COMPLETE", "DELETED", "FAILED", "CANCELED"];
    let name = usize::try_from(state)
        .ok()
        .and_then(|state| names.get(state));
    name.map_or_else(|| format!("in state {state}"), |name| (*name).to_owned())
}
