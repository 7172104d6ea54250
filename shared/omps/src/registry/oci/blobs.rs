//! Blobs: which are there, reading them, and putting up those that are not.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::future::try_join_all;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{StatusCode, Url};

use super::auth::Access;
use super::error::OciError;
use super::manifests::check_digest;
use super::names::{Digest, ImageRepository};
use super::{OciRegistry, malformed};
use crate::upstream::Response;

/// How many blobs are asked for or put up at the same time. The front of quay.io allows 30 requests a second.
const AT_ONCE: usize = 8;
/// The largest blob that is sent together with `POST` before the registry is known to take it so: one that does not gets
/// it twice.
const ONE_STEP_LIMIT: usize = 4 << 20;
/// How often an upload is started whose session the registry loses.
const SESSIONS: usize = 3;
/// Bytes of an answer that are read: none of them has anything to say but an error.
const ANSWER_LIMIT: usize = 1 << 20;

/// A layer or a config.
#[derive(Debug, Clone)]
pub struct Blob {
    digest: Digest,
    bytes: Bytes,
}

impl Blob {
    /// A blob of these bytes.
    pub fn new(bytes: Bytes) -> Self {
        let digest = Digest::of(&bytes);
        Blob { digest, bytes }
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl OciRegistry {
    /// A blob of at most `limit` bytes, wherever the registry keeps it: quay.io sends its readers to a store of its own,
    /// where the caller's token must not go. `None` when the repository does not have it.
    ///
    /// # Errors
    /// [`OciError`]
    pub async fn blob(
        &self,
        repository: &ImageRepository,
        digest: &Digest,
        limit: usize,
    ) -> Result<Option<Bytes>, OciError> {
        let url = self
            .endpoint
            .url(&format!("/v2/{repository}/blobs/{digest}"));
        let request = || self.upstream.client().get(url.clone());
        let mut response = self.look(repository, limit, request).await?;
        if response.status.is_redirection() {
            let elsewhere = location(&response, &url)?;
            let request = || self.upstream.client().get(elsewhere.clone());
            response = self.upstream.send_repeatable(request, limit).await?;
        }
        match response.status {
            StatusCode::OK if Digest::of(&response.body) == *digest => {
                Ok(Some(response.body.into()))
            }
            StatusCode::OK => Err(malformed(&format!("the blob {digest} has other bytes"))),
            _ => match OciError::of(&response) {
                error if error.has_code(&["BLOB_UNKNOWN"]) => Ok(None),
                OciError::NotFound(_) => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Which of these blobs the repository does not have. One that is hidden from the caller counts as missing.
    ///
    /// # Errors
    /// [`OciError`]
    pub async fn missing_blobs<'a>(
        &self,
        repository: &ImageRepository,
        blobs: &'a [Blob],
    ) -> Result<Vec<&'a Blob>, OciError> {
        let mut missing = Vec::new();
        for some in distinct(blobs.iter()).chunks(AT_ONCE) {
            let held = some
                .iter()
                .map(|blob| self.has_blob(repository, &blob.digest));
            let held = try_join_all(held).await?;
            missing.extend(
                some.iter()
                    .zip(held)
                    .filter(|(_, held)| !held)
                    .map(|(blob, _)| *blob),
            );
        }
        Ok(missing)
    }

    /// Puts blobs into a repository, several at a time. Those that are there already do no harm.
    ///
    /// # Errors
    /// [`OciError::Refused`] when the caller may not push.
    pub async fn upload_blobs<'a>(
        &self,
        repository: &ImageRepository,
        blobs: impl IntoIterator<Item = &'a Blob>,
    ) -> Result<(), OciError> {
        for some in distinct(blobs).chunks(AT_ONCE) {
            try_join_all(some.iter().map(|blob| self.upload(repository, blob))).await?;
        }
        Ok(())
    }

    async fn has_blob(
        &self,
        repository: &ImageRepository,
        digest: &Digest,
    ) -> Result<bool, OciError> {
        let url = self
            .endpoint
            .url(&format!("/v2/{repository}/blobs/{digest}"));
        let request = || self.upstream.client().head(url.clone());
        match self.look(repository, ANSWER_LIMIT, request).await {
            Ok(response) => match response.status {
                StatusCode::OK => Ok(true),
                // A registry may send its blobs from elsewhere.
                status if status.is_redirection() => Ok(true),
                StatusCode::NOT_FOUND => Ok(false),
                _ => Err(OciError::of(&response)),
            },
            Err(OciError::Hidden(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts up one blob, again from the start when the registry loses the upload's session.
    async fn upload(&self, repository: &ImageRepository, blob: &Blob) -> Result<(), OciError> {
        let mut sessions = 0;
        loop {
            sessions += 1;
            match self.upload_in_one_session(repository, blob).await {
                Err(error) if is_lost_session(&error) && sessions < SESSIONS => {
                    tracing::warn!(%repository, digest = %blob.digest, "an upload's session was lost");
                }
                done => return done,
            }
        }
    }

    async fn upload_in_one_session(
        &self,
        repository: &ImageRepository,
        blob: &Blob,
    ) -> Result<(), OciError> {
        let mut url = self
            .endpoint
            .url(&format!("/v2/{repository}/blobs/uploads/"));
        let in_one_step = blob.bytes.len() <= ONE_STEP_LIMIT
            && !self.endpoint.wants_two_steps.load(Ordering::Relaxed);
        if in_one_step {
            url.set_query(Some(&format!("digest={}", blob.digest)));
        }
        let request = || {
            let body = match in_one_step {
                true => blob.bytes.clone(),
                false => Bytes::new(),
            };
            let request = self.upstream.client().post(url.clone());
            request
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(body)
        };
        let response = self
            .send(repository, Access::Push, ANSWER_LIMIT, request)
            .await?;
        match response.status {
            StatusCode::CREATED => check_digest(&response, &blob.digest),
            StatusCode::ACCEPTED => {
                self.endpoint
                    .wants_two_steps
                    .fetch_or(in_one_step, Ordering::Relaxed);
                let location = location(&response, &url)?;
                self.put_blob(repository, blob, location).await
            }
            _ => Err(OciError::of(&response)),
        }
    }

    /// Puts a blob where the registry said, with the caller's token only when that is the registry itself.
    async fn put_blob(
        &self,
        repository: &ImageRepository,
        blob: &Blob,
        mut to: Url,
    ) -> Result<(), OciError> {
        let query = match to.query().filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&digest={}", blob.digest),
            None => format!("digest={}", blob.digest),
        };
        to.set_query(Some(&query));
        let request = || {
            let request = self.upstream.client().put(to.clone());
            request
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(blob.bytes.clone())
        };
        let response = match to.origin() == self.endpoint.base().origin() {
            true => {
                self.send(repository, Access::Push, ANSWER_LIMIT, request)
                    .await?
            }
            false => self.upstream.send_repeatable(request, ANSWER_LIMIT).await?,
        };
        match response.status {
            StatusCode::CREATED => check_digest(&response, &blob.digest),
            _ => Err(OciError::of(&response)),
        }
    }
}

/// Each blob once: bundles share layers.
fn distinct<'a>(blobs: impl IntoIterator<Item = &'a Blob>) -> Vec<&'a Blob> {
    let by_digest: BTreeMap<&Digest, &Blob> =
        blobs.into_iter().map(|blob| (&blob.digest, blob)).collect();
    by_digest.into_values().collect()
}

/// Where an upload or a download goes on. Never by a way that is less safe than the one that led there.
fn location(response: &Response, asked: &Url) -> Result<Url, OciError> {
    let header = response.headers.get(LOCATION);
    let header = header.and_then(|value| value.to_str().ok());
    let header =
        header.ok_or_else(|| malformed(&format!("{} without a Location", response.status)))?;
    let url = asked.join(header).map_err(|_| {
        malformed(&format!(
            "{} with a Location that is no URL",
            response.status
        ))
    })?;
    match url.scheme() == "https" || url.scheme() == asked.scheme() {
        true => Ok(url),
        false => Err(malformed(&format!("a Location at {}://", url.scheme()))),
    }
}

/// docker-registry says the second when a session is there that it cannot resume.
fn is_lost_session(error: &OciError) -> bool {
    error.has_code(&["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"])
}
