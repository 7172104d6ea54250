//! The upgrade graph of a package as Mermaid draws it.

use std::collections::BTreeMap;

use super::package::Package;

impl Package {
    /// One subgraph a channel; an arrow leads from a bundle to what replaces it, a dotted one to what skips it.
    pub fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (number, (channel, entries)) in self.channels().enumerate() {
            let head = self.head(channel);
            text.push_str(&format!("  subgraph c{number}[\"{}\"]\n", escaped(channel)));
            let names = entries.iter().map(|entry| entry.name.as_str()).enumerate();
            let ids: BTreeMap<&str, String> = names
                .map(|(index, name)| (name, format!("c{number}b{index}")))
                .collect();
            for entry in &entries {
                let (id, name) = (&ids[entry.name.as_str()], escaped(&entry.name));
                let shape = match head == Some(entry.name.as_str()) {
                    true => format!("([\"{name}\"])"),
                    false => format!("[\"{name}\"]"),
                };
                text.push_str(&format!("    {id}{shape}\n"));
            }
            for entry in &entries {
                let id = &ids[entry.name.as_str()];
                if let Some(from) = entry.replaces.as_deref().and_then(|name| ids.get(name)) {
                    text.push_str(&format!("    {from} --> {id}\n"));
                }
                for from in entry.skips.iter().filter_map(|name| ids.get(name.as_str())) {
                    text.push_str(&format!("    {from} -. skipped .-> {id}\n"));
                }
            }
            text.push_str("  end\n");
        }
        text
    }
}

/// A name as a label in quotes: everything that could end it, or be markup, is an entity.
fn escaped(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || " .-_/+".contains(letter);
    let letters = name.chars().map(|letter| match is_plain(letter) {
        true => letter.to_string(),
        false => format!("#{};", u32::from(letter)),
    });
    letters.collect()
}
