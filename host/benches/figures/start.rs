//! Start to ready with everything compiled already, beside the first start; memory at rest.

use std::time::Duration;

use crate::process::Server;
use crate::sample::median;
use crate::table::{Table, mebibytes, millis};

const STARTS: usize = 7;

pub(crate) fn run(table: &mut Table) {
    let data = tempfile::tempdir().expect("a folder");
    let first = Server::ours(data.path());
    let cold = first.ready;
    first.stop();
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let host = Server::ours(data.path());
        ready.push(host.ready.as_secs_f64() * 1e3);
        // Until what the start left behind is done: jobs have had their first round.
        std::thread::sleep(Duration::from_secs(2));
        memory.push(host.memory());
        host.stop();
    }
    let first = format!("first start, compiling: {}", millis(cold.as_secs_f64() * 1e3));
    table.at_most("start to ready, bundled plugins compiled", median(ready), &first, 1_000.0, millis);
    table.at_most("memory at rest (RSS)", median(memory), "", 100.0, mebibytes);
}
