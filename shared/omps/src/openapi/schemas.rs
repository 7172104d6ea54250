//! Collects the schemas of bodies for the OpenAPI document.

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::api::ErrorAnswer;

/// Where the document keeps schemas.
const COMPONENTS: &str = "/components/schemas";

/// What collects the schemas of all bodies that are asked for.
pub(super) fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = COMPONENTS.into();
        settings.meta_schema = None;
        settings.contract = Contract::Serialize;
    });
    settings.into_generator()
}

/// The schemas that were collected.
pub(super) fn components(mut generator: SchemaGenerator) -> Map<String, Value> {
    generator.take_definitions(true)
}

/// A reference to a body's schema.
pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// A reference to the schema of errors.
pub(super) fn error(generator: &mut SchemaGenerator) -> Value {
    of::<ErrorAnswer>(generator)
}
