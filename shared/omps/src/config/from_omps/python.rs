//! Reads the literals of a Python file: assignments in classes and outside. It runs nothing.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// How deep literals may be nested.
const DEEPEST: usize = 64;

/// A setting: `NAME = literal`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assignment {
    pub name: String,
    pub line: usize,
    /// `None` for Python's `None`; else the value, or why it cannot be read.
    pub value: Result<Option<Value>, String>,
}

/// A class, with the assignments that it inherits.
#[derive(Debug)]
pub(super) struct Class {
    pub name: String,
    pub assignments: Vec<Assignment>,
}

/// The classes of a text.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub classes: Vec<Class>,
    /// What stands there and is no assignment, as `line 3: if`.
    pub unread: Vec<String>,
}

/// Reads the classes of a text.
pub(super) fn read(text: &str) -> Module {
    let mut module = Module::default();
    let mut constants = BTreeMap::new();
    let mut reader = Reader::new(text);
    let mut is_in_class = false;
    while let Some(indent) = reader.next_statement() {
        let line = reader.line();
        if indent == 0 {
            is_in_class = false;
        }
        let word = reader.word().to_owned();
        match word.as_str() {
            "class" if indent == 0 => {
                reader.start_class(&mut module);
                is_in_class = true;
            }
            "" | "pass" | "import" | "from" => reader.skip_statement(), // a docstring, for example
            _ if reader.takes_assignment() => {
                let value = reader.value(&constants);
                match module.classes.last_mut() {
                    Some(class) if is_in_class => {
                        class.assignments.retain(|known| known.name != word);
                        class.assignments.push(Assignment {
                            name: word,
                            line,
                            value,
                        });
                    }
                    _ => drop(constants.insert(word, value)),
                }
            }
            _ => {
                module.unread.push(format!("line {line}: {word}"));
                reader.skip_statement();
                reader.skip_block(indent);
            }
        }
    }
    module
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Literal = Result<Option<Value>, String>;

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader {
            text,
            at: 0,
            depth: 0,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn line(&self) -> usize {
        1 + self.text[..self.at].matches('\n').count()
    }

    /// Takes a text if it comes next.
    fn takes(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Goes to the next line that has a statement, and gives its indentation.
    fn next_statement(&mut self) -> Option<usize> {
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return None;
            }
            let indent = rest.len() - rest.trim_start_matches([' ', '\t', '\u{feff}']).len();
            self.at += indent;
            match self.rest().chars().next()? {
                '#' | '\n' | '\r' => self.skip_line(),
                _ => return Some(indent),
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
    }

    /// Takes a name.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_');
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// Skips spaces, and inside brackets line ends and comments, too.
    fn skip_spaces(&mut self) {
        loop {
            let rest = self.rest();
            let spaces: &[char] = match self.depth {
                0 => &[' ', '\t'],
                _ => &[' ', '\t', '\r', '\n'],
            };
            self.at += rest.len() - rest.trim_start_matches(spaces).len();
            if self.takes("\\\n") || self.takes("\\\r\n") {
                continue;
            }
            match self.depth > 0 && self.rest().starts_with('#') {
                true => self.skip_line(),
                false => return,
            }
        }
    }

    /// Takes `=`, or `: type =`.
    fn takes_assignment(&mut self) -> bool {
        let start = self.at;
        self.skip_spaces();
        if self.takes(":") {
            let line = self.rest().lines().next().unwrap_or_default();
            self.at += line.find('=').unwrap_or(0);
        }
        let is_assignment = !self.rest().starts_with("==") && self.takes("=");
        if !is_assignment {
            self.at = start;
        }
        is_assignment
    }

    /// Reads `class Name(Base, …):` behind its first word, with what it inherits.
    fn start_class(&mut self, module: &mut Module) {
        self.skip_spaces();
        let name = self.word().to_owned();
        let rest = self.rest();
        let head = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let bases = head
            .split(['(', ')', ',', ':', ' '])
            .filter(|base| !base.is_empty());
        let mut assignments: Vec<Assignment> = Vec::new();
        for base in bases {
            let base = module.classes.iter().find(|class| class.name == base);
            for inherited in base.into_iter().flat_map(|base| &base.assignments) {
                // The first base wins, as in Python.
                if assignments.iter().all(|known| known.name != inherited.name) {
                    assignments.push(inherited.clone());
                }
            }
        }
        module.classes.push(Class { name, assignments });
        self.skip_line();
    }

    /// The value behind `=`, and the end of its line.
    fn value(&mut self, constants: &BTreeMap<String, Literal>) -> Literal {
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

    fn stop(&self, found: &str) -> String {
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
            has_comma |= self.takes(",");
            if !has_comma && !self.rest().starts_with(end) {
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

    /// Strings that follow each other, which are one.
    fn strings(&mut self) -> Result<String, String> {
        let mut text = String::new();
        while is_string(self.rest()) {
            text.push_str(&self.string()?);
            self.skip_spaces();
        }
        Ok(text)
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        let prefix = self.word().to_ascii_lowercase();
        let is_raw = prefix == "r";
        if !is_raw && !matches!(prefix.as_str(), "" | "u") {
            self.at = start;
            return Err(self.stop("bytes or a text with values in it"));
        }
        let quote = self.quote();
        let mut text = String::new();
        loop {
            if self.takes(quote) {
                return Ok(text);
            }
            let Some(char) = self.rest().chars().next() else {
                return Err(self.stop("a text without an end"));
            };
            if char == '\n' && quote.len() == 1 {
                return Err(self.stop("a text without an end"));
            }
            self.at += char.len_utf8();
            match char {
                '\\' if is_raw => {
                    text.push('\\');
                    let next = self.rest().chars().next();
                    text.extend(next);
                    self.at += next.map_or(0, char::len_utf8);
                }
                '\\' => self.escape(&mut text)?,
                char => text.push(char),
            }
        }
    }

    /// Takes the quote of a string: one or three characters.
    fn quote(&mut self) -> &'static str {
        const QUOTES: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];
        QUOTES
            .into_iter()
            .find(|quote| self.takes(quote))
            .unwrap_or("'")
    }

    /// What a backslash and the characters behind it stand for.
    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        let Some(char) = self.rest().chars().next() else {
            return Ok(());
        };
        self.at += char.len_utf8();
        let digits = match char {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => {
                match char {
                    '\n' => {}
                    '\\' | '\'' | '"' => text.push(char),
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'a' | 'b' | 'f' | 'v' | 'N' | '0'..='7' => {
                        return Err(self.stop("a rare escape"));
                    }
                    other => text.extend(['\\', other]),
                }
                return Ok(());
            }
        };
        let code = self
            .rest()
            .get(..digits)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let char = code
            .and_then(char::from_u32)
            .ok_or_else(|| self.stop("a wrong escape"))?;
        text.push(char);
        self.at += digits;
        Ok(())
    }

    /// Skips the rest of a statement: to the end of its line, or of the line that ends its brackets and strings.
    fn skip_statement(&mut self) {
        let mut open = 0_usize;
        while let Some(char) = self.rest().chars().next() {
            if is_string(self.rest()) && self.skipped_string() {
                continue;
            }
            match char {
                '#' => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    continue;
                }
                '[' | '(' | '{' => open += 1,
                ']' | ')' | '}' => open = open.saturating_sub(1),
                '\\' => self.at += usize::from(self.rest().starts_with("\\\n")),
                '\n' if open == 0 => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += char.len_utf8();
        }
    }

    fn skipped_string(&mut self) -> bool {
        let start = self.at;
        if self.string().is_err() {
            self.at = start;
        }
        self.at > start
    }

    /// Skips the lines that are indented more than this.
    fn skip_block(&mut self, indent: usize) {
        loop {
            let start = self.at;
            match self.next_statement() {
                Some(deeper) if deeper > indent => self.skip_statement(),
                _ => {
                    self.at = start;
                    return;
                }
            }
        }
    }
}

/// Whether a string literal starts here.
fn is_string(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    letters <= 2 && matches!(text.as_bytes().get(letters), Some(b'"' | b'\''))
}
