//! Where the archive of a push comes from: the request itself, or a build in Koji that Greenwave lets pass.

use bytes::Bytes;

use crate::app::App;
use crate::error::Error;
use crate::names::Nvr;
use crate::upstream::Deadline;

/// Where to take the archive from.
#[derive(Clone)]
pub enum Source {
    /// It came with the request, or was fetched already.
    Zip(Bytes),
    /// A build made it.
    Koji(Nvr),
}

impl Source {
    /// The build, if there is one.
    pub fn nvr(&self) -> Option<&Nvr> {
        match self {
            Source::Zip(_) => None,
            Source::Koji(nvr) => Some(nvr),
        }
    }

    /// Takes the archive. That of a build is downloaded before Greenwave is asked.
    ///
    /// # Errors
    /// Those of Koji and Greenwave.
    pub async fn fetch(self, app: &App, deadline: Deadline) -> Result<Bytes, Error> {
        let nvr = match self {
            Source::Zip(zip) => return Ok(zip),
            Source::Koji(nvr) => nvr,
        };
        let limit = app.config.max_archive_size();
        let zip = app.koji(deadline).archive(&nvr, limit).await?;
        if let Some(greenwave) = app.greenwave(deadline) {
            greenwave.check(&nvr).await?;
        }
        Ok(zip)
    }
}
