//! The binary `mnemosyne`: everything is in the library; `cli` reads the words of the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    mnemosyne_host::cli::main()
}
