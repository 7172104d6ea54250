//! What a registry, or the ledger in front of it, says instead of doing what it was asked.

use serde_json::Value;

use super::oci::InvalidImageName;
use crate::upstream::CallError;

/// Quay's words for a release that is there already.
const EXISTS: &str = "package exists already";

/// What a registry answered instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// 401 or 403.
    #[error("{}", .0.reason())]
    Refused(RegistryAnswer),
    /// The release is there already.
    #[error("{}", .0.reason())]
    Exists(RegistryAnswer),
    /// The release is somebody else's, as the ledger or a look into the registry shows.
    #[error("{EXISTS}: {reason}")]
    Taken {
        /// Who has it.
        reason: String,
        /// Whether it may be free again soon.
        transient: bool,
    },
    /// The tag of the release's newest bundle is there with another content. Nothing was written.
    #[error("bundle {tag} is there with another content: {digest}")]
    BundleTaken {
        /// The tag.
        tag: String,
        /// What it points to, or what another push is about to make it point to.
        digest: String,
    },
    /// A name that no registry takes. Nothing was sent.
    #[error(transparent)]
    Name(#[from] InvalidImageName),
    /// The registry has no way to do it.
    #[error("{0}")]
    Impossible(String),
    /// 404.
    #[error("{}", .0.reason())]
    NotFound(RegistryAnswer),
    /// Any other answer.
    #[error("{}", .0.reason())]
    Failed(RegistryAnswer),
    /// Another request works on the release: nothing was asked of the registry.
    #[error("{0}")]
    Busy(String),
    /// No answer, or one that could not be read.
    #[error("{0}")]
    Unreachable(String),
}

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct RegistryAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, when it is JSON.
    pub body: Value,
}

impl RegistryAnswer {
    /// The registry's own message: `error.message` in the one of App Registry's five error shapes that has it, or the
    /// first of an OCI registry's `errors`.
    pub fn message(&self) -> Option<&str> {
        let shapes = ["/error/message", "/errors/0/message"];
        let found = shapes.iter().find_map(|shape| self.body.pointer(shape));
        found?.as_str()
    }

    /// Quay takes no changes for the time being.
    fn is_read_only(&self) -> bool {
        self.body.pointer("/errors/0/is_readonly") == Some(&Value::Bool(true))
    }

    fn reason(&self) -> &str {
        self.message().unwrap_or("Unknown error")
    }
}

impl RegistryError {
    /// Whether the same request may succeed later, with nothing done about it.
    pub fn is_transient(&self) -> bool {
        match self {
            RegistryError::Failed(answer) => {
                answer.status >= 500 || answer.status == 429 || answer.is_read_only()
            }
            RegistryError::Busy(_) | RegistryError::Unreachable(_) => true,
            RegistryError::Taken { transient, .. } => *transient,
            RegistryError::Refused(_)
            | RegistryError::Exists(_)
            | RegistryError::BundleTaken { .. }
            | RegistryError::Name(_)
            | RegistryError::Impossible(_)
            | RegistryError::NotFound(_) => false,
        }
    }

    /// Quay's own message, where it sent one, or ours.
    pub fn message(&self) -> Option<String> {
        match self.answer() {
            Some(answer) => answer.message().map(str::to_owned),
            None => Some(self.to_string()),
        }
    }

    /// What to tell people: Quay's own message, also that of its REST API, or ours.
    pub fn words(&self) -> String {
        let of_rest_api = |answer: &RegistryAnswer| {
            let words = ["error_message", "detail", "error"];
            let mut found = words
                .iter()
                .filter_map(|key| answer.body.get(key)?.as_str());
            found.next().map(str::to_owned)
        };
        let message = self.message().or_else(|| of_rest_api(self.answer()?));
        message.unwrap_or_else(|| self.to_string())
    }

    /// What Quay sent, for `quay_response`: empty when that was no JSON object.
    pub fn response(&self) -> Value {
        let body = self.answer().map(|answer| answer.body.clone());
        body.filter(Value::is_object)
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }

    fn answer(&self) -> Option<&RegistryAnswer> {
        match self {
            RegistryError::Refused(answer)
            | RegistryError::Exists(answer)
            | RegistryError::NotFound(answer)
            | RegistryError::Failed(answer) => Some(answer),
            RegistryError::Taken { .. }
            | RegistryError::BundleTaken { .. }
            | RegistryError::Name(_)
            | RegistryError::Impossible(_)
            | RegistryError::Busy(_)
            | RegistryError::Unreachable(_) => None,
        }
    }
}

impl From<CallError> for RegistryError {
    fn from(error: CallError) -> Self {
        RegistryError::Unreachable(error.to_string())
    }
}
