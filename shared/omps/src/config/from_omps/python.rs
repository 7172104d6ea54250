//! Reads the literals of a Python file: assignments in classes and outside. It runs nothing.

mod literals;
mod strings;

use std::collections::BTreeMap;

use toml::Value;

use strings::is_string;

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
