//! Messages of the queue. They come from S3, from Koji through EventBridge, or directly from a user, and ask for
//! pushes.

mod key;
#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::config::Config;
use crate::names::{Nvr, OrganizationName};
use crate::objects::{Object, Revision};
use crate::source::Source;

/// What to do for a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Push this.
    Push(EventPush),
    /// Do nothing, for this reason.
    Dropped(String),
    /// Report that the message is wrong, for this reason.
    Refused(String),
}

/// A push that a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPush {
    /// The organization that the release is for. Its rules and its robot are used.
    pub organization: OrganizationName,
    /// The version, as written in the message; absent: the next version.
    pub version: Option<String>,
    /// Where the archive is.
    pub source: Source,
    /// Whether to push again what was already pushed.
    pub force: bool,
    /// The package of the build, which `koji_packages` allows: what Koji says must be the same. Absent if a user chose the
    /// build.
    pub package: Option<String>,
}

impl EventPush {
    /// The push as a direct message, which a user can send to ask for it again.
    pub fn message(&self) -> Value {
        let mut message = match &self.source {
            Source::Build(nvr) => json!({"nvr": nvr}),
            Source::Object(object) => json!({"s3": object}),
            Source::Zip(_) | Source::Upload(_) => json!({}),
        };
        message["organization"] = json!(self.organization);
        if let Some(version) = &self.version {
            message["version"] = json!(version);
        }
        if self.force {
            message["force"] = json!(true);
        }
        message
    }
}

/// Reads the body of a message. An S3 notification may report several objects, and several organizations may be
/// configured for one build: each becomes a separate event.
pub fn read(body: &str, config: &Config) -> Vec<Event> {
    let message: Value = match serde_json::from_str(body) {
        Ok(message) => message,
        Err(error) => return vec![Event::Refused(format!("the message is not JSON: {error}"))],
    };
    let read = if message.get("detail-type").is_some() {
        from_event_bridge(message, config)
    } else if message.get("Records").is_some() {
        from_notification(message)
    } else if message
        .get("Event")
        .is_some_and(|event| event == "s3:TestEvent")
    {
        Ok(vec![Event::Dropped("S3 tests the queue".to_owned())])
    } else if message.get("organization").is_some() {
        from_direct_message(message).map(|push| vec![Event::Push(push)])
    } else {
        Err("the message is neither an EventBridge event nor an S3 notification, and it names no organization".to_owned())
    };
    let events = read.unwrap_or_else(|problem| vec![Event::Refused(problem)]);
    let spelled = |event| match event {
        Event::Push(push) => {
            let configured = config.organizations.keys();
            match push.organization.clone().spelled_as(configured) {
                Ok(_) => Event::Push(push),
                Err(error) => Event::Refused(error.to_string()),
            }
        }
        event => event,
    };
    events.into_iter().map(spelled).collect()
}

/// The envelope of an EventBridge event.
#[derive(Deserialize)]
struct BusEvent {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Value,
}

fn from_event_bridge(message: Value, config: &Config) -> Result<Vec<Event>, String> {
    let event: BusEvent = parse("event of EventBridge", message)?;
    match (event.source.as_str(), event.detail_type.as_str()) {
        ("aws.s3", "Object Created") => {
            let created: ObjectCreated = parse("event of S3", event.detail)?;
            Ok(vec![push_of_object(created.into_object())])
        }
        ("omps.koji", "buildsys.build.state.change") => from_koji(event.detail, config),
        (source, detail_type) => Ok(vec![Event::Dropped(format!(
            "events '{detail_type}' of '{source}' push nothing"
        ))]),
    }
}

/// The bucket and the object in an event of S3. EventBridge does not encode the key.
#[derive(Deserialize)]
struct ObjectCreated {
    bucket: CreatedIn,
    object: CreatedObject,
}

#[derive(Deserialize)]
struct CreatedIn {
    name: String,
}

#[derive(Deserialize)]
struct CreatedObject {
    key: String,
    #[serde(rename = "version-id", alias = "versionId")]
    version: Option<String>,
    #[serde(alias = "eTag")]
    etag: Option<String>,
}

impl ObjectCreated {
    fn into_object(self) -> Object {
        Object {
            bucket: self.bucket.name,
            key: self.object.key,
            revision: Revision::new(self.object.version, self.object.etag),
        }
    }
}

/// A notification that S3 sends to the queue without EventBridge.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    name: String,
    s3: ObjectCreated,
}

fn from_notification(message: Value) -> Result<Vec<Event>, String> {
    let notification: Notification = parse("notification of S3", message)?;
    let of_record = |record: Record| {
        if !record
            .name
            .trim_start_matches("s3:")
            .starts_with("ObjectCreated:")
        {
            return Event::Dropped(format!("notifications '{}' push nothing", record.name));
        }
        let mut object = record.s3.into_object();
        match decoded(&object.key) {
            Some(key) => object.key = key,
            None => return Event::Refused(format!("the key '{}' is not UTF-8", object.key)),
        }
        push_of_object(object)
    };
    Ok(notification.records.into_iter().map(of_record).collect())
}

/// Decodes a key in a notification, which S3 encodes as in an HTML form.
fn decoded(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// The key of an object names the organization and the version, as the path of a request does.
fn push_of_object(object: Object) -> Event {
    match key::read(&object.key) {
        Ok(Some((organization, version))) => Event::Push(EventPush {
            organization,
            version,
            source: Source::Object(object),
            force: false,
            package: None,
        }),
        Ok(None) => Event::Dropped(format!(
            "the key '{}' is not v2/<organization>/zipfile[/<version>]/<name>.zip",
            object.key
        )),
        Err(problem) => Event::Refused(format!("the key '{}': {problem}", object.key)),
    }
}

/// The names of a build's states. The index is Koji's number.
const STATES: [&str; 5] = ["BUILDING", "COMPLETE", "DELETED", "FAILED", "CANCELED"];
const COMPLETE: u64 = 1;

/// The body of a message from Koji's plugin. `new` is the new value of `attribute`.
#[derive(Deserialize)]
struct BuildChange {
    attribute: String,
    new: Value,
    name: String,
    version: String,
    release: String,
}

fn from_koji(detail: Value, config: &Config) -> Result<Vec<Event>, String> {
    let change: BuildChange = parse("event of Koji", detail)?;
    let name = change.name;
    let nvr = format!("{name}-{}-{}", change.version, change.release);
    let dropped = |reason| Ok(vec![Event::Dropped(format!("build {nvr}: {reason}"))]);
    if change.attribute != "state" {
        return dropped(format!("its {} changed, not its state", change.attribute));
    }
    let Some(new) = change.new.as_u64() else {
        return Err(format!(
            "build {nvr}: its state {} is not a number",
            change.new
        ));
    };
    if new != COMPLETE {
        let known = usize::try_from(new)
            .ok()
            .and_then(|state| STATES.get(state));
        return dropped(format!(
            "it is {}, not COMPLETE",
            known.unwrap_or(&"in an unknown state")
        ));
    }
    let names_package = |packages: &[String]| packages.contains(&name);
    let organizations: Vec<&String> = config
        .organizations
        .iter()
        .filter(|(_, organization)| names_package(&organization.koji_packages))
        .map(|(organization, _)| organization)
        .collect();
    if organizations.is_empty() {
        return dropped(format!("no organization's koji_packages names {name}"));
    }
    let nvr = Nvr::parse(&nvr).map_err(|error| error.to_string())?;
    organizations
        .into_iter()
        .map(|organization| {
            Ok(Event::Push(EventPush {
                organization: organization_named(organization)?,
                version: None,
                source: Source::Build(nvr.clone()),
                force: false,
                package: Some(name.clone()),
            }))
        })
        .collect()
}

/// A message that a user sends to the queue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectMessage {
    organization: String,
    nvr: Option<String>,
    s3: Option<Object>,
    version: Option<String>,
    #[serde(default)]
    force: bool,
}

fn from_direct_message(message: Value) -> Result<EventPush, String> {
    let message: DirectMessage = parse("message", message)?;
    let source = match (message.nvr, message.s3) {
        (Some(nvr), None) => Source::Build(Nvr::parse(&nvr).map_err(|error| error.to_string())?),
        (None, Some(object)) => Source::Object(object),
        _ => return Err("the message must have either nvr or s3".to_owned()),
    };
    Ok(EventPush {
        organization: organization_named(&message.organization)?,
        version: message.version,
        source,
        force: message.force,
        package: None,
    })
}

fn organization_named(name: &str) -> Result<OrganizationName, String> {
    OrganizationName::parse(name).map_err(|error| error.to_string())
}

fn parse<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("the {what} cannot be read: {error}"))
}
