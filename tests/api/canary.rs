//! Checks in all tests that no token appears in an answer or in the log, even at the level DEBUG. It also keeps the lines of
//! requests that a test watches.

use std::io::{self, Write};
use std::sync::{Mutex, Once};

use omps::config::Config;
use omps_tests::quay::accounts::{basic, oauth_token, robot_name, robot_password};

use crate::helpers::ORGANIZATION;

/// The start of ids of requests whose lines are kept.
pub(crate) const WATCHED: &str = "watched-";

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// All texts so far that contain a token.
pub(crate) fn leaks() -> Vec<String> {
    LEAKS.lock().expect("no test panics here").clone()
}

/// How many lines of the log have this id of a watched request.
pub(crate) fn lines_of(id: &str) -> usize {
    let lines = LINES.lock().expect("no test panics here");
    lines.iter().filter(|line| line.contains(id)).count()
}

/// Records the text if it contains a token.
pub(crate) fn check(text: &str) {
    let password = robot_password(ORGANIZATION);
    let authorization = basic(&robot_name(ORGANIZATION), &password);
    let credentials = authorization.trim_start_matches("basic ");
    if [&password, credentials, &oauth_token(ORGANIZATION)]
        .iter()
        .any(|secret| text.contains(*secret))
    {
        let mut leaks = LEAKS.lock().expect("no test panics here");
        leaks.push(text.to_owned());
    }
}

/// Checks every line that the service logs from now on.
pub(crate) fn watch_the_log() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let debug = "[Debug]\nlog_level = \"DEBUG\"\nlog_format = \"json\"";
        let config = Config::from_toml(debug, "Debug").expect("a valid configuration");
        omps::telemetry::init_to(|| Log, config.log_level, config.log_format);
    });
}

struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        check(&text);
        if text.contains(WATCHED) {
            let mut lines = LINES.lock().expect("no test panics here");
            lines.push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
