//! What several targets share: values are compared more strictly than the service compares them.

use omps_operator::yaml::{Budget, Mapping, ReadLimits, Value};

/// libyaml-safer panics on some texts that are not YAML. The reader catches that, but libFuzzer would abort before.
pub fn let_the_parser_panic() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let is_parser = |place: &std::panic::Location<'_>| place.file().contains("libyaml-safer");
        if !info.location().is_some_and(is_parser) {
            abort(info);
        }
    }));
}

/// Small limits, so that inputs reach them.
pub const LIMITS: ReadLimits = ReadLimits {
    depth: 24,
    scalar: 10_000,
    events: 2_000,
    expanded: 4_000,
    total: 10_000_000,
};

/// A budget of the small limits.
pub fn budget() -> Budget {
    Budget::new(LIMITS)
}

/// Same type, same value, same order of keys. (`==` takes `1`, `1.0` and `true` for one.)
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, Value::Null) | (Value::Recursive, Value::Recursive) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
        (Value::Int(one), Value::Int(other))
        | (Value::String(one), Value::String(other))
        | (Value::Timestamp(one), Value::Timestamp(other)) => one == other,
        (Value::Other(one), Value::Other(other)) => one == other,
        (Value::Sequence(one), Value::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(&a.value, &b.value))
        }
        (Value::Mapping(one), Value::Mapping(other)) => {
            let mut pairs = one.entries.iter().zip(&other.entries);
            one.entries.len() == other.entries.len()
                && pairs.all(|(a, b)| {
                    same(&a.key.value, &b.key.value) && same(&a.value.value, &b.value.value)
                })
        }
        _ => false,
    }
}

/// Whether two documents are the same except for the texts under `path`, which must be as `expected`. Nothing else is lost.
pub fn same_but(before: &Value, after: &Value, path: &[&str], expected: &[(&str, String)]) -> bool {
    let none = Mapping {
        entries: Vec::new(),
        flow: false,
    };
    let before = match before {
        Value::Mapping(map) => map,
        Value::Null => &none,
        _ => return false,
    };
    let Value::Mapping(after) = after else {
        return false;
    };
    let value = |map: &Mapping, key: &Value| {
        let entry = map.entries.iter().find(|entry| same(&entry.key.value, key));
        entry.map(|entry| entry.value.clone())
    };
    let text = |text: &str| Value::String(text.to_owned());
    let set: Vec<&str> = match path.first() {
        Some(key) => vec![key],
        None => expected.iter().map(|(name, _)| *name).collect(),
    };
    let is_set = |key: &Value| matches!(key, Value::String(key) if set.contains(&key.as_str()));

    let others_stay = before
        .entries
        .iter()
        .filter(|entry| !is_set(&entry.key.value))
        .all(|entry| {
            // YAML 1.2 may have a map as a key, and the same one twice.
            after.entries.iter().any(|other| {
                same(&entry.key.value, &other.key.value)
                    && same(&entry.value.value, &other.value.value)
            })
        });
    let new = set
        .iter()
        .filter(|key| value(before, &text(key)).is_none())
        .count();
    let are_set = match path.split_first() {
        Some((key, rest)) => value(after, &text(key)).is_some_and(|after| {
            let before = value(before, &text(key));
            same_but(
                before.as_ref().map_or(&Value::Null, |node| &node.value),
                &after.value,
                rest,
                expected,
            )
        }),
        None => expected.iter().all(|(name, expected)| {
            value(after, &text(name)).is_some_and(|value| same(&value.value, &text(expected)))
        }),
    };
    others_stay && are_set && after.entries.len() == before.entries.len() + new
}

/// A ClusterServiceVersion: the text itself where it names this kind, else the text behind a line that does.
pub fn as_csv(bytes: &[u8]) -> Vec<u8> {
    const KIND: &[u8] = b"ClusterServiceVersion";
    if bytes.windows(KIND.len()).any(|window| window == KIND) {
        return bytes.to_vec();
    }
    [b"kind: ", KIND, b"\n", bytes].concat()
}
