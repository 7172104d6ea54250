//! Python's literals: texts, numbers, lists, dicts, `True`, `False` and `None`.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::strings::is_string;
use super::{Literal, Reader};

/// How deep literals may be nested.
const DEEPEST: usize = 64;

impl Reader<'_> {
    /// The value behind `=`, and the end of its line.
    pub(super) fn value(&mut self, constants: &BTreeMap<String, Literal>) -> Literal {
        let start = self.at;
        self.skip_spaces();
        let value = self.literal(constants).and_then(|value| {
            self.skip_spaces();
            match self.rest().chars().next() {
                None | Some('\n' | '\r' | '#' | ';') => Ok(value),
                Some(_) => Err(self.stop("a calculation")),
            }
        });
        self.depth = 0;
        if value.is_err() {
            self.at = start;
        }
        self.skip_statement();
        value
    }

    pub(super) fn stop(&self, found: &str) -> String {
        let text: String = self
            .rest()
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(20)
            .collect();
        // What stands in quotes may be a secret.
        let text = text
            .split(['"', '\''])
            .next()
            .unwrap_or_default()
            .trim_end();
        format!("line {}: {found} ({text})", self.line())
    }

    /// A literal, or the name of a constant that was assigned before.
    fn literal(&mut self, constants: &BTreeMap<String, Literal>) -> Literal {
        if self.depth > DEEPEST {
            return Err(self.stop("too many brackets"));
        }
        let rest = self.rest();
        if is_string(rest) {
            return Ok(Some(Value::String(self.strings()?)));
        }
        match rest.chars().next() {
            Some('[') => self.items(']', constants),
            Some('(') => self.items(')', constants),
            Some('{') => self.dict(constants),
            Some('0'..='9' | '-' | '.') => self.number().map(Some),
            Some(char) if char.is_alphabetic() || char == '_' => self.named(constants),
            _ => Err(self.stop("no literal")),
        }
    }

    fn named(&mut self, constants: &BTreeMap<String, Literal>) -> Literal {
        let start = self.at;
        let known = match self.word() {
            "True" => Ok(Some(Value::Boolean(true))),
            "False" => Ok(Some(Value::Boolean(false))),
            "None" => Ok(None),
            word => constants
                .get(word)
                .cloned()
                .unwrap_or_else(|| Err(String::new())),
        };
        let is_call = self.rest().starts_with(['(', '.', '[']);
        match known {
            Ok(value) if !is_call => Ok(value),
            _ => {
                self.at = start;
                Err(self.stop("no literal"))
            }
        }
    }

    /// A whole number, a decimal one, or whole ones with `*` between them.
    fn number(&mut self) -> Result<Value, String> {
        let mut value = self.one_number()?;
        loop {
            self.skip_spaces();
            if self.rest().starts_with("**") || !self.takes("*") {
                return Ok(value);
            }
            self.skip_spaces();
            let factor = self.one_number()?;
            let product = value.as_integer().zip(factor.as_integer());
            let product = product.and_then(|(one, other)| one.checked_mul(other));
            value = product
                .map(Value::Integer)
                .ok_or_else(|| self.stop("a calculation"))?;
        }
    }

    fn one_number(&mut self) -> Result<Value, String> {
        let rest = self.rest();
        let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && !"._-".contains(char));
        let text = &rest[..end.unwrap_or(rest.len())];
        let plain = text.replace('_', "");
        let number = match plain.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok().map(Value::Integer),
            None => plain.parse().ok().map(Value::Integer),
        };
        let number = number.or_else(|| plain.parse().ok().map(Value::Float));
        let number = number.ok_or_else(|| self.stop("no number"))?;
        self.at += text.len();
        Ok(number)
    }

    /// A list or tuple; a value in parentheses is that value.
    fn items(&mut self, end: char, constants: &BTreeMap<String, Literal>) -> Literal {
        let (mut items, mut has_comma) = (Vec::new(), false);
        self.at += 1;
        self.depth += 1;
        loop {
            self.skip_spaces();
            if self.rest().starts_with(end) {
                self.at += 1;
                self.depth -= 1;
                return Ok(match (end, has_comma, items.len()) {
                    (')', false, 1) => items.pop().flatten(),
                    _ => Some(Value::Array(items.into_iter().flatten().collect())),
                });
            }
            items.push(self.literal(constants)?);
            self.skip_spaces();
            let is_separated = self.takes(",");
            has_comma |= is_separated;
            if !is_separated && !self.rest().starts_with(end) {
                return Err(self.stop("a calculation"));
            }
        }
    }

    fn dict(&mut self, constants: &BTreeMap<String, Literal>) -> Literal {
        let mut table = Table::new();
        self.at += 1;
        self.depth += 1;
        loop {
            self.skip_spaces();
            if self.takes("}") {
                self.depth -= 1;
                return Ok(Some(Value::Table(table)));
            }
            let Some(Value::String(key)) = self.literal(constants)? else {
                return Err(self.stop("a key that is no text"));
            };
            self.skip_spaces();
            if !self.takes(":") {
                return Err(self.stop("a set, not a dict"));
            }
            self.skip_spaces();
            // A key whose value is None is absent.
            if let Some(value) = self.literal(constants)? {
                table.insert(key, value);
            }
            self.skip_spaces();
            if !self.takes(",") && !self.rest().starts_with('}') {
                return Err(self.stop("a calculation"));
            }
        }
    }
}
