//! `plug`: the plugin author's command line. One subcommand a file.
//!
//! Life of a plugin on its author's machine: [`new`] writes a crate → the author edits it, `cargo test` runs its logic
//! natively → [`build`] makes the component → [`check`] says what a host would say. Only `main` prints errors and knows
//! exit codes: 0 fine, 1 refused, 2 usage.

mod build;
mod check;
mod new;
mod wit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Make plugins for Mnemosyne: write one, build it, see what a host would say.
#[derive(Parser)]
#[command(
    name = "plug",
    version,
    propagate_version = true,
    after_help = "First plugin:\n  plug new xp-rules my-rules\n  cd my-rules && cargo test && plug build\n\n\
                  Exit codes: 0 done, 1 refused or failed (the reason is on stderr), 2 wrong usage."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The subcommands, in the order in which an author meets them.
#[derive(Subcommand)]
enum Command {
    /// Write a crate that builds, checks and passes its own tests.
    New(new::Args),
    /// Turn crates into components, with their manifests inside.
    Build(build::Args),
    /// Say what a host would say to a component.
    Check(check::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::New(args) => new::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Check(args) => check::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
