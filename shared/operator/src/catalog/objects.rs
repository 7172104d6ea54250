//! The objects of a catalog as opm reads them: keys in any case, types checked, unknown keys and schemas passed over.

use serde_json::{Map, Value as Json};

use super::base64;
use super::refusal::Refusal;
use crate::go_keys::folds_to;

/// A catalog as opm has read it.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) packages: Vec<Package>,
    pub(super) channels: Vec<Channel>,
    pub(super) bundles: Vec<Bundle>,
    pub(super) deprecations: Vec<Deprecation>,
}

pub(super) struct Package {
    pub(super) name: String,
    pub(super) default_channel: String,
}

pub(super) struct Channel {
    pub(super) name: String,
    pub(super) package: String,
    pub(super) entries: Vec<Entry>,
}

pub(super) struct Entry {
    pub(super) name: String,
    pub(super) replaces: String,
    pub(super) skips: Vec<String>,
    pub(super) skip_range: String,
}

pub(super) struct Bundle {
    pub(super) name: String,
    pub(super) package: String,
    pub(super) image: String,
    pub(super) related_images: Vec<String>,
    /// Type and value; nothing where the value is absent.
    pub(super) properties: Vec<(String, Option<Json>)>,
}

pub(super) struct Deprecation {
    pub(super) package: String,
    pub(super) entries: Vec<Deprecated>,
}

pub(super) struct Deprecated {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) message: String,
}

impl Objects {
    /// Step 1 of opm.
    pub(super) fn read(objects: &[Json]) -> Result<Self, Refusal> {
        let mut read = Objects::default();
        for object in objects {
            read.add(object).map_err(Refusal::new)?;
        }
        Ok(read)
    }

    fn add(&mut self, object: &Json) -> Result<(), String> {
        let Json::Object(map) = object else {
            return Err(format!(
                "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                kind(object)
            ));
        };
        refuse_doubled_keys(map)?;
        for key in ["schema", "name", "package"] {
            if let Some(value) = get(map, key).filter(|value| !value.is_string()) {
                return Err(format!(
                    "expected value for key {key:?} to be a string, got {value}"
                ));
            }
        }
        let schema = get(map, "schema").and_then(Json::as_str).unwrap_or("");
        if schema.is_empty() {
            return Err(format!("object '{object}\n' is missing root schema field"));
        }
        match schema {
            "olm.package" => self.packages.push(package(map).map_err(parse("package"))?),
            "olm.channel" => self.channels.push(channel(map).map_err(parse("channel"))?),
            "olm.bundle" => self.bundles.push(bundle(map).map_err(parse("bundle"))?),
            "olm.deprecations" => {
                let read = deprecation(map).map_err(parse("deprecation"))?;
                self.deprecations.push(read);
            }
            _ => {}
        }
        Ok(())
    }
}

fn parse(what: &'static str) -> impl Fn(String) -> String {
    move |error| format!("parse {what}: {error}")
}

/// Keys are the same in any case.
fn refuse_doubled_keys(map: &Map<String, Json>) -> Result<(), String> {
    let mut keys: Vec<(String, &str)> = map
        .keys()
        .map(|key| (key.to_lowercase(), key.as_str()))
        .collect();
    keys.sort();
    let groups = keys.chunk_by(|one, other| one.0 == other.0);
    match groups.into_iter().find(|group| group.len() > 1) {
        None => Ok(()),
        Some(group) => {
            let written: Vec<&str> = group.iter().map(|(_, key)| *key).collect();
            let key = &group[0].0;
            Err(format!(
                "duplicate keys for key {key:?}: [{}]",
                written.join(" ")
            ))
        }
    }
}

/// The value of a key in any case.
pub(super) fn get<'a>(map: &'a Map<String, Json>, key: &str) -> Option<&'a Json> {
    map.get(key).or_else(|| {
        let mut pairs = map.iter();
        pairs.find_map(|(name, value)| folds_to(name, key).then_some(value))
    })
}

/// What Go calls a kind of JSON.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// An object, and what Go calls it in a message.
struct Place<'a> {
    map: &'a Map<String, Json>,
    go: &'a str,
    /// The path from the outermost object, with a dot at its end.
    path: String,
}

impl<'a> Place<'a> {
    fn new(map: &'a Map<String, Json>, go: &'a str) -> Self {
        Place {
            map,
            go,
            path: String::new(),
        }
    }

    fn wrong(&self, key: &str, found: &Json, wanted: &str) -> String {
        format!(
            "json: cannot unmarshal {} into Go struct field {}.{}{key} of type {wanted}",
            kind(found),
            self.go,
            self.path
        )
    }

    fn text(&self, key: &str) -> Result<String, String> {
        match get(self.map, key) {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(other) => Err(self.wrong(key, other, "string")),
        }
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, String> {
        let items = self.list(key, "[]string")?.iter();
        let texts = items.map(|item| match item {
            Json::Null => Ok(String::new()),
            Json::String(text) => Ok(text.clone()),
            other => Err(self.wrong(key, other, "string")),
        });
        texts.collect()
    }

    fn list(&self, key: &str, wanted: &str) -> Result<&'a [Json], String> {
        match get(self.map, key) {
            None | Some(Json::Null) => Ok(&[]),
            Some(Json::Array(items)) => Ok(items),
            Some(other) => Err(self.wrong(key, other, wanted)),
        }
    }

    /// The objects of a list; `null` is an empty one.
    fn objects(&self, key: &str, go: &'a str, wanted: &str) -> Result<Vec<Place<'a>>, String> {
        static EMPTY: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
        let items = self.list(key, &format!("[]{wanted}"))?.iter();
        let places = items.map(|item| {
            let map = match item {
                Json::Object(map) => map,
                Json::Null => &*EMPTY,
                other => return Err(self.wrong(key, other, wanted)),
            };
            let path = format!("{}{key}.", self.path);
            Ok(Place { map, go, path })
        });
        places.collect()
    }
}

fn package(map: &Map<String, Json>) -> Result<Package, String> {
    let place = Place::new(map, "Package");
    place.text("description")?;
    properties(&place)?;
    match get(map, "icon") {
        None | Some(Json::Null) => {}
        Some(Json::Object(icon)) => {
            let icon = Place::new(icon, "Icon");
            icon.text("mediatype")?;
            base64::check(&icon.text("base64data")?)?;
        }
        Some(other) => return Err(place.wrong("icon", other, "declcfg.Icon")),
    }
    Ok(Package {
        name: place.text("name")?,
        default_channel: place.text("defaultChannel")?,
    })
}

fn channel(map: &Map<String, Json>) -> Result<Channel, String> {
    let place = Place::new(map, "Channel");
    properties(&place)?;
    let entries = place.objects("entries", "ChannelEntry", "declcfg.ChannelEntry")?;
    let entries = entries.iter().map(|entry| {
        Ok(Entry {
            name: entry.text("name")?,
            replaces: entry.text("replaces")?,
            skips: entry.texts("skips")?,
            skip_range: entry.text("skipRange")?,
        })
    });
    Ok(Channel {
        name: place.text("name")?,
        package: place.text("package")?,
        entries: entries.collect::<Result<_, String>>()?,
    })
}

fn bundle(map: &Map<String, Json>) -> Result<Bundle, String> {
    let place = Place::new(map, "Bundle");
    let related = place.objects("relatedImages", "RelatedImage", "declcfg.RelatedImage")?;
    let related = related.iter().map(|image| {
        image.text("name")?;
        image.text("image")
    });
    Ok(Bundle {
        name: place.text("name")?,
        package: place.text("package")?,
        image: place.text("image")?,
        related_images: related.collect::<Result<_, _>>()?,
        properties: properties(&place)?,
    })
}

fn properties(place: &Place<'_>) -> Result<Vec<(String, Option<Json>)>, String> {
    let properties = place.objects("properties", "Property", "property.Property")?;
    let pairs = properties.iter().map(|property| {
        let value = get(property.map, "value").cloned();
        Ok((property.text("type")?, value))
    });
    pairs.collect()
}

fn deprecation(map: &Map<String, Json>) -> Result<Deprecation, String> {
    let place = Place::new(map, "Deprecation");
    let entries = place.objects("entries", "DeprecationEntry", "declcfg.DeprecationEntry")?;
    let entries = entries.iter().map(|entry| {
        let (schema, name) = match get(entry.map, "reference") {
            None | Some(Json::Null) => (String::new(), String::new()),
            Some(Json::Object(reference)) => {
                let reference = Place::new(reference, "PackageScopedReference");
                (reference.text("schema")?, reference.text("name")?)
            }
            Some(other) => {
                return Err(entry.wrong("reference", other, "declcfg.PackageScopedReference"));
            }
        };
        Ok(Deprecated {
            schema,
            name,
            message: entry.text("message")?,
        })
    });
    Ok(Deprecation {
        package: place.text("package")?,
        entries: entries.collect::<Result<_, String>>()?,
    })
}
