//! The command line.

use super::repairs::Repairs;

const USAGE: &str =
    "usage: npm run test:sim -- [--short] [--seeds N] [--from S] [--without REPAIR]";

/// What to run.
pub(crate) struct Options {
    pub(crate) seeds: u64,
    pub(crate) from: u64,
    pub(crate) repairs: Repairs,
    /// Only schedules: no fault matrix, no dropped futures, no repairs.
    pub(crate) only_seeds: bool,
    /// The fault matrix runs every `stride`-th setting.
    pub(crate) stride: usize,
    /// Schedules whose futures are dropped.
    pub(crate) taken_apart: u64,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.peekable();
        let is_short = arguments.next_if(|argument| argument == "--short").is_some();
        // A build without optimization takes ten times as long.
        let (seeds, stride, taken_apart) = match (cfg!(debug_assertions), is_short) {
            (true, _) => (1_000, 24, 2),
            (false, true) => (20_000, 5, 60),
            (false, false) => (100_000, 1, 300),
        };
        let mut options =
            Self { seeds, from: 0, repairs: Repairs::ALL, only_seeds: false, stride, taken_apart };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            let number = || value.parse().map_err(|_| format!("{name}: a number\n{USAGE}"));
            match name.as_str() {
                "--seeds" => options.seeds = number()?,
                "--from" => options.from = number()?,
                "--without" => {
                    let unknown =
                        || format!("{name}: one of {}\n{USAGE}", Repairs::NAMES.join(" "));
                    options.repairs = Repairs::ALL.without(&value).ok_or_else(unknown)?;
                }
                _ => return Err(format!("{name}: unknown\n{USAGE}")),
            }
            options.only_seeds = true;
        }
        Ok(options)
    }
}
