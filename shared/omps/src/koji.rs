//! A client for Koji: finds a build by its N-V-R over XML-RPC, and downloads the archive of its operator manifests.

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
use build::{ArchiveLocation, BUILDING, Build};

pub(crate) use build::FinishedBuild;
use xml_rpc::ReadError;

/// The largest size, in bytes, of an answer of the hub. An answer about a large build has tens of kilobytes.
const ANSWER_LIMIT: usize = 4 << 20;
/// The fault code for most errors in an argument.
const GENERIC_FAULT: i32 = 1000;
/// The fault code for an unexpected exception in the hub, usually of its database.
const DEFECT_FAULT: i32 = 1;
/// The fault code that an offline hub sends.
const OFFLINE_FAULT: i32 = 1014;

/// The archive of a build's operator manifests.
#[derive(Debug)]
pub struct Archive {
    /// The build, as Koji names it: the name that was asked for may be another one of the same build.
    pub nvr: Nvr,
    /// The zip.
    pub zip: Bytes,
}

/// A client for one hub and its file server.
pub struct Koji {
    koji: Upstream,
    hub: Url,
    root: Url,
}

/// Why the archive could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum KojiError {
    /// No build has this N-V-R.
    #[error("NVR not found: {0}")]
    BuildNotFound(Nvr),
    /// The build has no operator manifests, or it is not complete.
    #[error("Not an operator image: {nvr}{}", .state.as_ref().map(|state| format!(": the build is {state}, wanted COMPLETE")).unwrap_or_default())]
    NotAnOperatorImage {
        /// The build.
        nvr: Nvr,
        /// The state, if the build is not complete.
        state: Option<String>,
    },
    /// The build names a log as the archive of its manifests, but has no such log.
    #[error("The manifests archive '{log}' is not among the logs of build {nvr}")]
    ArchiveNotFound {
        /// The build.
        nvr: Nvr,
        /// The name of the log.
        log: String,
    },
    /// The archive is larger than allowed.
    #[error("The archive of build {nvr} is larger than the {limit} bytes that are allowed")]
    ArchiveTooLarge {
        /// The build.
        nvr: Nvr,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The hub answered with a fault.
    #[error("Koji answered with fault {code}: {text}")]
    Fault {
        /// Koji's fault code.
        code: i32,
        /// Koji's fault text.
        text: String,
    },
    /// The call could not be serialized: a defect.
    #[error("The call {method} to Koji could not be serialized: {problem}")]
    Unserializable {
        /// The XML-RPC method.
        method: &'static str,
        /// The reason.
        problem: String,
    },
    /// The answer of the hub does not have the expected form.
    #[error("Koji's answer to {method} could not be understood: {problem}")]
    UnexpectedAnswer {
        /// The XML-RPC method that was called.
        method: &'static str,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The hub or the file server answered with an error status.
    #[error("Koji answered {asked} with {status}")]
    Status {
        /// The method or the file that was requested.
        asked: String,
        /// The status.
        status: StatusCode,
    },
    /// There was no answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl KojiError {
    /// Whether the same request may succeed later although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        match self {
            KojiError::Call(CallError::Unreachable { .. }) | KojiError::UnexpectedAnswer { .. } => {
                true
            }
            KojiError::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            // A replica of the hub's database may be older than the event.
            KojiError::NotAnOperatorImage { state, .. } => state.as_deref() == Some(BUILDING),
            KojiError::Fault { code, .. } => [DEFECT_FAULT, OFFLINE_FAULT].contains(code),
            KojiError::BuildNotFound(_)
            | KojiError::Unserializable { .. }
            | KojiError::ArchiveNotFound { .. }
            | KojiError::ArchiveTooLarge { .. }
            | KojiError::Call(CallError::TooLarge { .. }) => false,
        }
    }
}

impl Koji {
    /// A client for the hub at the URL `hub`, whose file server is at `root`.
    pub fn new(koji: Upstream, hub: Url, root: Url) -> Self {
        Koji { koji, hub, root }
    }

    /// The archive of a build's operator manifests, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`KojiError`]
    pub async fn archive(&self, asked: &Nvr, limit: usize) -> Result<Archive, KojiError> {
        let build = self.build(asked).await?;
        let location = build.archive(asked)?;
        let nvr = build.nvr()?;
        let url = match location {
            ArchiveLocation::File(name) => build.file_url(&self.root, name)?,
            ArchiveLocation::Log(name) => {
                let logs = self.call("getBuildLogs", vec![build.id.clone()]).await?;
                build::log_url(&self.root, &logs, name)?.ok_or_else(|| {
                    let (nvr, log) = (nvr.clone(), name.to_owned());
                    KojiError::ArchiveNotFound { nvr, log }
                })?
            }
        };
        let zip = self.download(&nvr, url, limit).await?;
        Ok(Archive { nvr, zip })
    }

    /// A build that is complete.
    ///
    /// # Errors
    /// [`KojiError`]
    pub async fn finished(&self, nvr: &Nvr) -> Result<FinishedBuild, KojiError> {
        self.build(nvr).await?.finished(nvr)
    }

    /// The version of the hub's API. The health check calls this.
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
        let body = body.map_err(|problem| KojiError::Unserializable { method, problem })?;
        // Not as a stream: the hub requires a Content-Length.
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

/// The value in an answer of the hub. Faults have the status 200, too.
fn read_answer(method: &'static str, status: StatusCode, body: &[u8]) -> Result<Value, KojiError> {
    if status != StatusCode::OK {
        let asked = method.to_owned();
        return Err(KojiError::Status { asked, status });
    }
    xml_rpc::read(body).map_err(|unread| match unread {
        ReadError::Fault { code, text } => KojiError::Fault { code, text },
        ReadError::UnexpectedAnswer(problem) => {
            let problem = problem.to_owned();
            KojiError::UnexpectedAnswer { method, problem }
        }
    })
}

/// The build in an answer. The hub answers nil if there is no such build, and a fault if it cannot parse the N-V-R.
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
        _ => Err(KojiError::UnexpectedAnswer {
            method: "getAPIVersion",
            problem: "it is not an integer".to_owned(),
        }),
    }
}
