//! Request bodies: read up to a limit, from clients that keep sending.

use crate::Settings;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use omps::error::Error;
use omps::uploads::Landing;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes over the limit that are read and dropped, so that the client gets to read why.
const DROPPED: usize = 64 << 20;

/// A body is over its limit, or did not come.
pub enum Unread {
    TooLarge,
    Failed(Error),
}

impl Unread {
    /// The error for the client.
    pub fn or_too_large(self, too_large: impl FnOnce() -> Error) -> Error {
        match self {
            Unread::TooLarge => too_large(),
            Unread::Failed(error) => error,
        }
    }
}

/// Reads a body of at most `limit` bytes into memory.
pub async fn read(body: Body, limit: usize, settings: &Settings) -> Result<Bytes, Unread> {
    let mut read = Vec::new();
    let keep = async |piece: Bytes| {
        read.extend_from_slice(&piece);
        Ok(())
    };
    pieces(body, limit, settings, keep).await?;
    Ok(read.into())
}

/// Reads the body of an upload to where it is to go.
pub async fn land(body: Body, mut landing: Landing, settings: &Settings) -> Result<(), Unread> {
    let limit = landing.limit;
    let write = async |piece: Bytes| Ok(landing.write(&piece).await?);
    pieces(body, limit, settings, write).await?;
    landing
        .finish()
        .await
        .map_err(|error| Unread::Failed(error.into()))
}

/// Reads a body for nothing, so that the client gets to read why.
pub async fn drop(body: Body, settings: &Settings) {
    let _unread = pieces(body, 0, settings, async |_| Ok(())).await;
}

/// Hands the pieces of a body of at most `limit` bytes on.
async fn pieces(
    mut body: Body,
    limit: usize,
    settings: &Settings,
    mut keep: impl AsyncFnMut(Bytes) -> Result<(), Error>,
) -> Result<(), Unread> {
    let failed = |problem| Unread::Failed(Error::BadRequest(problem));
    let deadline = Instant::now() + settings.body_timeout;
    let (mut kept, mut dropped) = (0, 0);
    loop {
        let frame = timeout_at(deadline, timeout(settings.pause_timeout, body.frame())).await;
        let Ok(Ok(frame)) = frame else {
            return Err(failed("the request body did not come in time".to_owned()));
        };
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|error| failed(format!("the request body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if dropped > 0 || kept + data.len() > limit {
            dropped += data.len();
            if dropped > DROPPED {
                break;
            }
        } else {
            kept += data.len();
            keep(data).await.map_err(Unread::Failed)?;
        }
    }
    if dropped > 0 {
        Err(Unread::TooLarge)
    } else {
        Ok(())
    }
}
