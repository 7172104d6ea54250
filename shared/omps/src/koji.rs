//! Koji: finds a build by its N-V-R over XML-RPC, and downloads the archive of operator manifests that it made.

mod build;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
mod xml_rpc;

use bytes::Bytes;
use dxr::Value;
use reqwest::header::CONTENT_TYPE;
use reqwest::{StatusCode, Url};

use crate::names::Nvr;
use crate::upstream::{CallError, Upstream};
use build::{Archive, BUILDING, Build};

pub use build::FinishedBuild;
use xml_rpc::Unread;

/// Bytes of a hub's answer that are read. One about a large build has tens of kilobytes.
const ANSWER_LIMIT: usize = 4 << 20;
/// The fault code that a hub uses for most of what may be wrong with an argument.
const GENERIC_FAULT: i32 = 1000;
/// The fault code of an exception that a hub did not expect: its database's, as a rule.
const DEFECT_FAULT: i32 = 1;
/// The fault code of a hub that is offline.
const OFFLINE_FAULT: i32 = 1014;

/// A client for one hub and its files.
pub struct Koji {
    koji: Upstream,
    hub: Url,
    root: Url,
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum KojiError {
    /// No build has that N-V-R.
    #[error("NVR not found: {0}")]
    BuildNotFound(Nvr),
    /// The build has no operator manifests, or none to take yet or any more.
    #[error("Not an operator image: {nvr}{}", .state.as_ref().map(|state| format!(": the build is {state}, wanted COMPLETE")).unwrap_or_default())]
    NotAnOperatorImage {
        /// The build.
        nvr: Nvr,
        /// Its state, when that is what is wrong.
        state: Option<String>,
    },
    /// The build says in which of its logs the manifests are, and has no such log.
    #[error("The manifests archive '{log}' is not among the logs of build {nvr}")]
    ArchiveNotFound {
        /// The build.
        nvr: Nvr,
        /// The log's name.
        log: String,
    },
    /// The archive is too large to hold what is allowed.
    #[error("The archive of build {nvr} is larger than the {limit} bytes that are allowed")]
    ArchiveTooLarge {
        /// The build.
        nvr: Nvr,
        /// The limit.
        limit: usize,
    },
    /// The hub refused.
    #[error("Koji answered with fault {code}: {text}")]
    Fault {
        /// Koji's own.
        code: i32,
        /// Koji's own.
        text: String,
    },
    /// The hub answered, but not with what was asked for.
    #[error("Koji's answer to {method} could not be understood: {problem}")]
    Nonsense {
        /// The XML-RPC method.
        method: &'static str,
        /// What was found.
        problem: String,
    },
    /// The hub or its file server answered with an error's status.
    #[error("Koji answered {asked} with {status}")]
    Status {
        /// What it was asked for.
        asked: String,
        /// The status.
        status: StatusCode,
    },
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl KojiError {
    /// Whether the same request may succeed later, with nothing done about it.
    pub fn is_transient(&self) -> bool {
        match self {
            KojiError::Call(CallError::Unreachable { .. }) | KojiError::Nonsense { .. } => true,
            KojiError::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            // A replica of the hub's database may be behind the event.
            KojiError::NotAnOperatorImage { state, .. } => state.as_deref() == Some(BUILDING),
            KojiError::Fault { code, .. } => [DEFECT_FAULT, OFFLINE_FAULT].contains(code),
            KojiError::BuildNotFound(_)
            | KojiError::ArchiveNotFound { .. }
            | KojiError::ArchiveTooLarge { .. }
            | KojiError::Call(CallError::TooLarge { .. }) => false,
        }
    }
}

impl Koji {
    /// A client for the hub at `hub`, whose files are below `root`.
    pub fn new(koji: Upstream, hub: Url, root: Url) -> Self {
        Koji { koji, hub, root }
    }

    /// The archive of operator manifests that a build made, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`KojiError`]
    pub async fn archive(&self, nvr: &Nvr, limit: usize) -> Result<Bytes, KojiError> {
        let build = self.build(nvr).await?;
        let url = match build.archive(nvr)? {
            Archive::File(name) => build.file_url(&self.root, name)?,
            Archive::Log(name) => {
                let logs = self.call("getBuildLogs", vec![build.id.clone()]).await?;
                build::log_url(&self.root, &logs, name)?.ok_or_else(|| {
                    let (nvr, log) = (nvr.clone(), name.to_owned());
                    KojiError::ArchiveNotFound { nvr, log }
                })?
            }
        };
        self.download(nvr, url, limit).await
    }

    /// A build that has ended well.
    ///
    /// # Errors
    /// [`KojiError`]
    pub async fn finished(&self, nvr: &Nvr) -> Result<FinishedBuild, KojiError> {
        self.build(nvr).await?.finished(nvr)
    }

    /// The version of the hub's interface: what is asked of a hub to see whether it is there.
    ///
    /// # Errors
    /// [`KojiError`]
    pub async fn api_version(&self) -> Result<i32, KojiError> {
        read_api_version(&self.call("getAPIVersion", Vec::new()).await?)
    }

    async fn build(&self, nvr: &Nvr) -> Result<Build, KojiError> {
        let answer = self
            .call("getBuild", vec![Value::String(nvr.to_string())])
            .await;
        read_build(answer, nvr)
    }

    async fn call(&self, method: &'static str, params: Vec<Value>) -> Result<Value, KojiError> {
        let body = xml_rpc::call(method, params);
        // Not as a stream: the hub wants a Content-Length.
        let request = || {
            self.koji
                .client()
                .post(self.hub.clone())
                .header(CONTENT_TYPE, "text/xml")
                .body(body.clone())
        };
        let response = self.koji.send_repeatable(request, ANSWER_LIMIT).await?;
        read_answer(method, response.status, &response.body)
    }

    async fn download(&self, nvr: &Nvr, url: Url, limit: usize) -> Result<Bytes, KojiError> {
        let request = || self.koji.client().get(url.clone());
        let response = match self.koji.send_repeatable(request, limit).await {
            Err(CallError::TooLarge { limit, .. }) => {
                let nvr = nvr.clone();
                return Err(KojiError::ArchiveTooLarge { nvr, limit });
            }
            response => response?,
        };
        if response.status != StatusCode::OK {
            let (asked, status) = (
                format!("the download of the archive of build {nvr}"),
                response.status,
            );
            return Err(KojiError::Status { asked, status });
        }
        Ok(response.body.into())
    }
}

/// What a hub's answer holds. Faults come with status 200, too.
fn read_answer(method: &'static str, status: StatusCode, body: &[u8]) -> Result<Value, KojiError> {
    if status != StatusCode::OK {
        let asked = method.to_owned();
        return Err(KojiError::Status { asked, status });
    }
    xml_rpc::read(body).map_err(|unread| match unread {
        Unread::Fault { code, text } => KojiError::Fault { code, text },
        Unread::Nonsense(problem) => {
            let problem = problem.to_owned();
            KojiError::Nonsense { method, problem }
        }
    })
}

/// Nil is the hub's "no such build"; what it cannot take apart has no build either.
fn read_build(answer: Result<Value, KojiError>, nvr: &Nvr) -> Result<Build, KojiError> {
    match answer {
        Ok(Value::Nil) => Err(KojiError::BuildNotFound(nvr.clone())),
        Err(KojiError::Fault { code, text })
            if code == GENERIC_FAULT && text.starts_with("invalid format:") =>
        {
            Err(KojiError::BuildNotFound(nvr.clone()))
        }
        answer => Build::read(&answer?),
    }
}

fn read_api_version(answer: &Value) -> Result<i32, KojiError> {
    match answer {
        Value::Integer(version) => Ok(*version),
        _ => Err(KojiError::Nonsense {
            method: "getAPIVersion",
            problem: "it is no integer".to_owned(),
        }),
    }
}
