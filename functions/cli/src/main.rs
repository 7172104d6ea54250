//! `omps`: validates operators on this machine, and pushes them by the service. It reads the command line, runs one command,
//! and turns what comes of it into an exit code.

mod arguments;
mod commands;
mod credentials;
mod folder;
mod output;
mod report;
mod rules_file;
mod service;
mod settings;
mod verdict;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use output::{Escaped, eprint};

/// How a command failed. The exit code tells scripts which.
#[derive(Debug)]
enum Failure {
    /// The operator is not valid. The report has been written.
    Invalid,
    /// What was asked for cannot be done: an argument, a file, a setting.
    Usage(String),
    /// The service, or the way to it, failed; or it refused for a reason that is not the operator.
    Service(String),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Failure::Invalid => 1,
            Failure::Usage(_) => 2,
            Failure::Service(_) => 3,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::choose_color(arguments.color);
    match commands::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Failure::Usage(message) | Failure::Service(message) = &failure {
                let style = output::ERROR;
                eprint(&format!("{style}error{style:#}: {}\n", Escaped(message)));
            }
            ExitCode::from(failure.code())
        }
    }
}
