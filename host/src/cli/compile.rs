//! `mnemosyne compile`: the hidden child that turns one component into machine code under resource limits. The host starts
//! it; by hand it is of no use.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

#[derive(Args)]
pub(super) struct Compile {
    /// Where the result is written; the component comes on standard input
    output: PathBuf,
    /// Limits as the parent wrote them
    limits: String,
}

impl Compile {
    pub(super) fn run(self) -> ExitCode {
        mnemosyne_runtime::compile::child(&self.output, &self.limits)
    }
}
