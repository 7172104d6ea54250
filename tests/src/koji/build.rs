//! A build, its description in the hub, and its files.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The file with an operator's manifests.
const ARCHIVE: &str = "operator_manifests.zip";
/// The volume whose name is not part of a path.
const DEFAULT_VOLUME: &str = "DEFAULT";

/// Koji's states with their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Building,
    Complete,
    Deleted,
    Failed,
    Canceled,
}

/// A build of a container image.
#[derive(Clone, Debug)]
pub struct Build {
    name: String,
    version: String,
    release: String,
    state: State,
    volume: String,
    extra: Value,
    /// When it ended, in seconds since 1970.
    completed_at: f64,
    /// By their paths below the build's folder.
    files: BTreeMap<String, Vec<u8>>,
}

impl Build {
    /// A complete build of an image that is not an operator.
    ///
    /// # Panics
    /// `nvr` is not an N-V-R.
    pub fn of_image(nvr: &str) -> Self {
        let [name, version, release] = split(nvr).expect("an N-V-R");
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            release: release.to_owned(),
            state: State::Complete,
            completed_at: 1_571_235_167.75,
            volume: DEFAULT_VOLUME.to_owned(),
            extra: json!({
                "image": image(),
                "submitter": "osbs",
                "filesystem_koji_task_id": 1234,
                "typeinfo": {"image": image()},
            }),
            files: BTreeMap::from([("data/logs/x86_64.log".to_owned(), b"built\n".to_vec())]),
        }
    }

    /// A build of an operator, with the zip of its manifests as a file.
    pub fn of_operator(nvr: &str, zip: Vec<u8>) -> Self {
        let mut build = Self::of_image(nvr);
        build.extra["typeinfo"]["operator-manifests"] = json!({"archive": ARCHIVE});
        let path = format!("files/operator-manifests/{ARCHIVE}");
        build.files.insert(path, zip);
        build
    }

    /// An older build of an operator, with the zip of its manifests as a log.
    pub fn of_older_operator(nvr: &str, zip: Vec<u8>) -> Self {
        let mut build = Self::of_image(nvr);
        build.extra["operator_manifests_archive"] = json!(ARCHIVE);
        build.files.insert(format!("data/logs/{ARCHIVE}"), zip);
        build
    }

    /// Sets the state of the build. A build in the state `BUILDING` has no completion time and no source.
    #[must_use]
    pub fn in_state(mut self, state: State) -> Self {
        self.state = state;
        if state == State::Building {
            self.extra = Value::Null;
            self.files.clear();
        }
        self
    }

    /// Lets the build have ended at a time, in seconds since 1970.
    #[must_use]
    pub fn completed_at(mut self, seconds: f64) -> Self {
        self.completed_at = seconds;
        self
    }

    /// Puts the build's files on a volume.
    #[must_use]
    pub fn on_volume(mut self, volume: &str) -> Self {
        volume.clone_into(&mut self.volume);
        self
    }

    /// Changes the member `extra`.
    #[must_use]
    pub fn with_extra(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.extra);
        self
    }

    /// Removes the archive from the files; the build still names it.
    ///
    /// # Panics
    /// The build has no archive.
    #[must_use]
    pub fn without_archive(mut self) -> Self {
        let files = self.files.len();
        self.files.retain(|path, _| !path.ends_with(ARCHIVE));
        assert!(self.files.len() < files, "{} has no archive", self.nvr());
        self
    }

    pub fn nvr(&self) -> String {
        format!("{}-{}-{}", self.name, self.version, self.release)
    }

    pub(super) fn is(&self, [name, version, release]: [&str; 3]) -> bool {
        self.name == name && self.version == version && self.release == release
    }

    /// The answer to `getBuild`.
    pub(super) fn description(&self, id: usize) -> Value {
        let finished = |value: Value| match self.state {
            State::Building => Value::Null,
            _ => value,
        };
        json!({
            "build_id": id,
            "cg_id": 1,
            "cg_name": "atomic-reactor",
            "completion_time": finished(json!("2019-10-16 14:12:47.750000+00:00")),
            "completion_ts": finished(json!(self.completed_at)),
            "creation_event_id": id,
            "creation_time": "2019-10-16 14:12:48.211006+00:00",
            "creation_ts": 1_571_235_168.211_006,
            "draft": self.release.contains(",draft_"),
            "epoch": null,
            "extra": self.extra,
            "id": id,
            "name": self.name,
            "nvr": self.nvr(),
            "owner_id": 1,
            "owner_name": "kojiadmin",
            "package_id": id,
            "package_name": self.name,
            "promoter_id": null,
            "promoter_name": null,
            "promotion_time": null,
            "promotion_ts": null,
            "release": self.release,
            "source": finished(json!(format!("git://localhost/containers/{}#{id:040}", self.name))),
            "start_time": "2019-10-16 14:02:47.250000+00:00",
            "start_ts": 1_571_234_567.25,
            "state": self.state as i32,
            "task_id": null,
            "version": self.version,
            "volume_id": i32::from(self.volume != DEFAULT_VOLUME),
            "volume_name": self.volume,
        })
    }

    /// The answer to `getBuildLogs`.
    pub(super) fn logs(&self) -> Value {
        let logs = self.files.keys().filter_map(|path| {
            let log = path.strip_prefix("data/logs/")?;
            let (dir, name) = log.rsplit_once('/').unwrap_or((".", log));
            let path = format!("{}/data/logs/{dir}/{name}", self.folder());
            Some(json!({"name": name, "dir": dir, "path": path}))
        });
        logs.collect()
    }

    /// The file at a path below Koji's root.
    pub(super) fn file(&self, path: &str) -> Option<&[u8]> {
        let path = path.strip_prefix(&self.folder())?.strip_prefix('/')?;
        self.files.get(path).map(Vec::as_slice)
    }

    fn folder(&self) -> String {
        let volume = match self.volume.as_str() {
            DEFAULT_VOLUME => String::new(),
            volume => format!("vol/{volume}/"),
        };
        let (name, version, release) = (&self.name, &self.version, &self.release);
        format!("{volume}packages/{name}/{version}/{release}")
    }
}

/// Splits an N-V-R as a hub does: it drops an epoch.
pub(super) fn split(nvr: &str) -> Option<[&str; 3]> {
    let (rest, release) = nvr.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    if release.is_empty() || version.is_empty() {
        return None;
    }
    let name = name.split_once(':').map_or(name, |(_, name)| name);
    Some([name, version, release])
}

/// The member `image` of `extra`.
fn image() -> Value {
    json!({
        "autorebuild": false,
        "index": {"pull": ["localhost/ns/image:1"]},
        "help": null,
        "media_types": ["application/vnd.docker.distribution.manifest.v2+json"],
        "parent_build_id": null,
    })
}
