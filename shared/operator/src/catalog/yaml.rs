//! A package's objects as YAML, for people and for opm: one document an object.

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use serde_json::Value as Json;

use super::package::Package;

impl Package {
    /// `catalog.yaml`: what [`Package::bytes`] has, in YAML. A text that YAML could take for something else is in quotes.
    ///
    /// # Errors
    /// YAML that cannot be written, which is a defect.
    pub fn yaml(&self) -> Result<String, libyaml_safer::Error> {
        let mut bytes = Vec::new();
        let mut emitter = Emitter::new();
        emitter.set_output_string(&mut bytes);
        emitter.set_unicode(true);
        // No text is folded.
        emitter.set_width(-1);
        emitter.emit(Event::stream_start(Encoding::Utf8))?;
        for object in self.objects() {
            emitter.emit(Event::document_start(None, &[], false))?;
            emit(&mut emitter, &object)?;
            emitter.emit(Event::document_end(true))?;
        }
        emitter.emit(Event::stream_end())?;
        emitter.flush()?;
        drop(emitter);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn emit(emitter: &mut Emitter<'_>, value: &Json) -> Result<(), libyaml_safer::Error> {
    match value {
        Json::Object(members) => {
            let style = MappingStyle::Block;
            emitter.emit(Event::mapping_start(None, None, true, style))?;
            for (key, value) in members {
                emitter.emit(text(key))?;
                emit(emitter, value)?;
            }
            emitter.emit(Event::mapping_end())
        }
        Json::Array(items) => {
            let style = SequenceStyle::Block;
            emitter.emit(Event::sequence_start(None, None, true, style))?;
            for item in items {
                emit(emitter, item)?;
            }
            emitter.emit(Event::sequence_end())
        }
        Json::String(value) => emitter.emit(text(value)),
        plain => emitter.emit(scalar(&plain.to_string(), ScalarStyle::Plain)),
    }
}

fn text(value: &str) -> Event {
    let style = match is_plain(value) {
        true => ScalarStyle::Plain,
        false => ScalarStyle::DoubleQuoted,
    };
    scalar(value, style)
}

fn scalar(value: &str, style: ScalarStyle) -> Event {
    let is_plain = style == ScalarStyle::Plain;
    Event::scalar(None, None, value, is_plain, !is_plain, style)
}

/// Whether a text is one to every reader of YAML, without quotes: it starts with a letter, has nothing that means something,
/// and is no word for true, false or nothing.
fn is_plain(value: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-@+".contains(&byte);
    value.starts_with(|first: char| first.is_ascii_alphabetic())
        && value.bytes().all(is_allowed)
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_object_is_a_document_and_every_text_stays_one() {
        let bundle = json!({"schema": "olm.bundle", "name": "p.v1.0.0", "package": "p", "image": "quay.io/o/p@sha256:0",
            "properties": [{"type": "olm.package", "value": {"packageName": "p", "version": "1.0"}},
                {"type": "x", "value": {"no": "on", "lines": "a: b\n# c\n", "n": 1, "t": true, "e": [], "m": {}, "z": null}}]});
        let objects = vec![
            json!({"schema": "olm.package", "name": "p", "defaultChannel": "1.0"}),
            json!({"schema": "olm.channel", "name": "1.0", "package": "p", "entries": [{"name": "p.v1.0.0"}]}),
            bundle.clone(),
        ];
        let package = Package::of_objects("p", objects.clone()).unwrap();

        let yaml = package.yaml().unwrap();

        assert!(
            yaml.starts_with("---\ndefaultChannel: \"1.0\"\nname: p\nschema: olm.package\n---\n"),
            "{yaml}"
        );
        let limits = crate::CatalogLimits::default();
        let read = super::super::read_objects(yaml.as_bytes(), &limits).unwrap();
        assert_eq!(read, objects);
    }
}
