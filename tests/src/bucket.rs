//! A folder as upload bucket: what is put into it becomes events of S3, for a worker behind no queue.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use omps::events::worker::{Batch, Message};
use serde_json::json;

/// A folder that is looked at again and again.
pub struct Bucket {
    folder: PathBuf,
    files: HashMap<PathBuf, Seen>,
    events: usize,
}

/// A file, as it was when it was last looked at.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    size: u64,
    changed: SystemTime,
    is_told: bool,
}

impl Bucket {
    /// Makes the folder. What is in it already is old news.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut files = look(&folder)?;
        files.values_mut().for_each(|file| file.is_told = true);
        Ok(Bucket {
            folder,
            files,
            events: 0,
        })
    }

    /// An event for every file that was put there since, once it has not changed from one look to the next.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn news(&mut self) -> io::Result<Batch> {
        let mut now = look(&self.folder)?;
        let mut messages = Vec::new();
        for (path, file) in &mut now {
            let last = self.files.get(path);
            let is_same = |last: &&Seen| (last.size, last.changed) == (file.size, file.changed);
            let Some(last) = last.filter(is_same) else {
                continue;
            };
            file.is_told = true;
            if !last.is_told {
                self.events += 1;
                let id = format!("event-{}", self.events);
                let body = created(&self.folder, path);
                messages.push(Message { id, body });
            }
        }
        self.files = now;
        Ok(Batch { messages })
    }
}

/// Every file below a folder.
fn look(folder: &Path) -> io::Result<HashMap<PathBuf, Seen>> {
    let mut files = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            files.extend(look(&entry.path())?);
        } else {
            let seen = Seen {
                size: metadata.len(),
                changed: metadata.modified()?,
                is_told: false,
            };
            files.insert(entry.path(), seen);
        }
    }
    Ok(files)
}

/// What EventBridge would tell of an object.
fn created(folder: &Path, path: &Path) -> String {
    let key = path.strip_prefix(folder).unwrap_or(path);
    json!({
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "sandbox"}, "object": {"key": key.to_string_lossy()}},
    })
    .to_string()
}
