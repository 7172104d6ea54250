//! A folder that is used as an upload bucket: each new file becomes an event of S3, for a worker without a queue.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use omps::events::worker::{Attributes, Batch, Message};
use serde_json::json;

/// A folder that is checked for new files again and again.
pub struct WatchedFolder {
    folder: PathBuf,
    files: HashMap<PathBuf, Seen>,
    events: usize,
}

/// A file, as it was at the last check.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    size: u64,
    changed: SystemTime,
    is_reported: bool,
}

impl WatchedFolder {
    /// Creates the folder if it does not exist. Files that are already in it are not reported.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut files = list(&folder)?;
        files.values_mut().for_each(|file| file.is_reported = true);
        Ok(WatchedFolder {
            folder,
            files,
            events: 0,
        })
    }

    /// An event for every new file. A file is reported when two checks have found it unchanged.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn new_objects(&mut self) -> io::Result<Batch> {
        let mut now = list(&self.folder)?;
        let mut messages = Vec::new();
        for (path, file) in &mut now {
            let last = self.files.get(path);
            let is_same = |last: &&Seen| (last.size, last.changed) == (file.size, file.changed);
            let Some(last) = last.filter(is_same) else {
                continue;
            };
            file.is_reported = true;
            if !last.is_reported {
                self.events += 1;
                let id = format!("event-{}", self.events);
                let body = created(&self.folder, path);
                messages.push(Message {
                    id,
                    body,
                    attributes: Attributes::default(),
                });
            }
        }
        self.files = now;
        Ok(Batch { messages })
    }
}

/// All files below a folder.
fn list(folder: &Path) -> io::Result<HashMap<PathBuf, Seen>> {
    let mut files = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            files.extend(list(&entry.path())?);
        } else {
            let seen = Seen {
                size: metadata.len(),
                changed: metadata.modified()?,
                is_reported: false,
            };
            files.insert(entry.path(), seen);
        }
    }
    Ok(files)
}

/// The event that EventBridge would send for a new object.
fn created(folder: &Path, path: &Path) -> String {
    let key = path.strip_prefix(folder).unwrap_or(path);
    json!({
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "sandbox"}, "object": {"key": key.to_string_lossy()}},
    })
    .to_string()
}
