//! `mnemosyne reembed`: every vector moved to the space of the configured embedder, with its progress.
//!
//! With `--url` the running host does the work and this shows how far it is; without it this process does, on the data folder,
//! beside any host that runs there. Ended in the middle, by whatever, it goes on from there the next time.

use std::io::IsTerminal as _;
use std::time::Duration;

use http::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::output::text;
use super::transport::{Payload, Transport};
use super::{Global, Stop};
use crate::job;

/// Between two looks at the job.
const LOOK: Duration = Duration::from_millis(250);

pub(super) async fn run(global: &Global) -> Result<(), Stop> {
    let host = Transport::open(global).await?;
    let stop = CancellationToken::new();
    let working = match &host {
        Transport::Local(app) => {
            let (app, stop) = (app.as_ref().clone(), stop.clone());
            Some(tokio::spawn(async move { job::reembed::run(&app, &stop).await }))
        }
        Transport::Remote { .. } => None,
    };
    let ended = tokio::select! {
        ended = watch(&host, global.json) => ended,
        _ = tokio::signal::ctrl_c() => Err(Stop::failed("stopped; what is moved stays moved").hint("`mnemosyne reembed` goes on from here")),
    };
    // given back in good order, so that whoever goes on need not wait
    stop.cancel();
    if let Some(working) = working {
        let _ = working.await;
    }
    let job = ended?;
    if job["state"] == "failed" {
        let progress = &job["progress"];
        let says =
            format!("{}; {} of {} are moved, the others keep their old vectors", text(&job, "error"), progress["moved"], progress["total"]);
        return Err(Stop::failed(says).hint("put that right and run `mnemosyne reembed` again: it goes on from there"));
    }
    let undo = "name the earlier embedder in the configuration, then `mnemosyne reembed`";
    global.output().changed(&job, undo, |job| {
        let progress = &job["progress"];
        let refused = match &progress["skipped"] {
            none if *none == 0 => String::new(),
            some => format!("; {some} are refused by the embedder and keep their old vectors"),
        };
        let (moved, total, model) = (&progress["moved"], &progress["total"], text(progress, "model"));
        format!("{moved} of {total} moved to `{model}/{}`{refused}", progress["dimension"])
    });
    Ok(())
}

/// Asks for the job and shows how far it is, to its end.
async fn watch(host: &Transport, json: bool) -> Result<Value, Stop> {
    let mut job = host.call(Method::POST, "/jobs/reembed", None, Payload::None).await?.body;
    let mut shown = Shown::new(json);
    loop {
        shown.look(&job["progress"]);
        if matches!(text(&job, "state"), "done" | "failed") {
            shown.end();
            return Ok(job);
        }
        tokio::time::sleep(LOOK).await;
        job = host.get(&format!("/jobs/{}", text(&job, "id"))).await?.body;
    }
}

/// A bar on a terminal, a line for each tenth elsewhere, nothing for machines. On standard error: the answer is on the other.
enum Shown {
    Bar(ProgressBar),
    Lines(Option<(u64, Option<String>)>),
    Nothing,
}

impl Shown {
    fn new(json: bool) -> Self {
        if json {
            return Self::Nothing;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines(None);
        }
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({eta} left)") {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    fn look(&mut self, progress: &Value) {
        let number = |key: &str| progress[key].as_u64().unwrap_or_default();
        let (moved, total, waiting) = (number("moved"), number("total"), progress["waiting"].as_str().map(str::to_owned));
        match self {
            Self::Nothing => {}
            Self::Bar(bar) => {
                bar.set_length(total);
                bar.set_position(moved);
                bar.set_message(waiting.map_or_else(|| "moved".into(), |why| format!("moved, waiting: {why}")));
            }
            Self::Lines(last) => {
                let now = Some((moved * 10 / total.max(1), waiting.clone()));
                if *last != now {
                    let why = waiting.map(|why| format!(", waiting: {why}")).unwrap_or_default();
                    eprintln!("{moved} of {total} moved{why}");
                    *last = now;
                }
            }
        }
    }

    fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
