//! What opm says of a catalog that it refuses: one message, or a tree of them.

use std::fmt;

/// Why opm refuses a catalog, in its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    message: String,
    causes: Vec<Refusal>,
}

impl Refusal {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Refusal {
            message: message.into(),
            causes: Vec::new(),
        }
    }

    /// Nothing where there is no cause.
    pub(super) fn over(message: String, causes: Vec<Refusal>) -> Option<Self> {
        (!causes.is_empty()).then_some(Refusal { message, causes })
    }

    /// The messages that have no causes of their own, in opm's words.
    pub fn leaves(&self) -> Vec<&str> {
        if self.causes.is_empty() {
            return vec![&self.message];
        }
        self.causes.iter().flat_map(Refusal::leaves).collect()
    }

    fn write_causes(&self, out: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        for (index, cause) in self.causes.iter().enumerate() {
            let is_last = index + 1 == self.causes.len();
            let (branch, below) = match is_last {
                true => ("└── ", "    "),
                false => ("├── ", "│   "),
            };
            write!(out, "\n{indent}{branch}{}", cause.title())?;
            cause.write_causes(out, &format!("{indent}{below}"))?;
        }
        Ok(())
    }

    fn title(&self) -> String {
        let colon = if self.causes.is_empty() { "" } else { ":" };
        format!("{}{colon}", self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.title())?;
        self.write_causes(out, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_printed_as_opm_prints_it() {
        let leaf = |message: &str| Refusal::new(message);
        let inner = Refusal::over("invalid package \"p\"".into(), vec![leaf("a"), leaf("b")]);
        let tree = Refusal::over("invalid index".into(), vec![inner.unwrap(), leaf("c")]).unwrap();
        let wanted = "invalid index:\n├── invalid package \"p\":\n│   ├── a\n│   └── b\n└── c";
        assert_eq!(tree.to_string(), wanted);
        assert_eq!(tree.leaves(), ["a", "b", "c"]);
    }
}
