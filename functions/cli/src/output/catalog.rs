//! What a push or a deletion did to the organization's catalog, for people.

use serde_json::Value;

use super::{Escaped, GOOD, WARNING};

/// The lines on the answer's `catalog`; none where the organization keeps none.
pub(crate) fn text(catalog: &Value) -> String {
    let Some(updated) = catalog["updated"].as_bool() else {
        return String::new();
    };
    let of = |key: &str| Escaped(catalog[key].as_str().unwrap_or("-")).to_string();
    let mut text = String::new();
    for warning in catalog["warnings"].as_array().into_iter().flatten() {
        let message = warning["message"].as_str().unwrap_or_default();
        text += &format!("{WARNING}warning{WARNING:#}: {}\n", Escaped(message));
    }
    if updated {
        text += &format!("{GOOD}catalog{GOOD:#}: {}\n", of("image"));
    } else {
        let reason = of("reason");
        text += &format!("{WARNING}catalog not updated{WARNING:#}: {reason}\n");
    }
    for (channel, head) in catalog["heads"].as_object().into_iter().flatten() {
        let head = head.as_str().unwrap_or("-");
        text += &format!("  {}: {}\n", Escaped(channel), Escaped(head));
    }
    for bundle in catalog["kept"].as_array().into_iter().flatten() {
        let bundle = bundle.as_str().unwrap_or("-");
        text += &format!("  withdrawn, and still a step: {}\n", Escaped(bundle));
    }
    text
}
