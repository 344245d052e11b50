//! Lines of plugins: kept within the budget, harmless to whoever reads them.

use super::*;
use crate::kit::{House, Rules, TEN_POINTS, nobody};

#[tokio::test]
async fn a_line_arrives_with_its_call_and_scrubbed() {
    let house = House::new();
    let call = house.at_the_door("", nobody()).await;
    let fields = [("user\r\n".to_owned(), "a\u{1b}[2Jb".to_owned())];
    core::log(&call, Level::Warn, "done\n{\"level\":\"error\"}\u{202e}", &fields).unwrap();
    let line = house.lines.all().remove(0);
    assert_eq!((line.call, line.level, &*line.request), (call.id, Level::Warn, "req-1"));
    assert_eq!(line.message, "done·{\"level\":\"error\"}");
    assert_eq!(line.fields, [("user··".to_owned(), "a·[2Jb".to_owned())]);
}

#[tokio::test]
async fn what_exceeds_the_budget_is_dropped_and_counted() {
    let house = House::new();
    let call = house.at_the_door("[limits]\nlog = 100", nobody()).await;
    core::log(&call, Level::Info, &"a".repeat(60), &[]).unwrap();
    core::log(&call, Level::Info, &"b".repeat(60), &[]).unwrap();
    core::log(&call, Level::Info, &"c".repeat(40), &[]).unwrap();
    core::log(&call, Level::Info, &"d".repeat(1 << 20), &[]).unwrap();
    let kept: Vec<_> = house.lines.all().iter().map(|line| line.message.len()).collect();
    assert_eq!(kept, [60, 40]);
    assert_eq!(call.meter.log_dropped(), 60 + (1 << 20));
}

#[tokio::test]
async fn a_line_has_at_most_sixteen_fields() {
    let house = House::new();
    let call = house.at_the_door("", nobody()).await;
    let fields: Vec<_> = (0..30).map(|number| (format!("{number}{}", "n".repeat(80)), "v".to_owned())).collect();
    core::log(&call, Level::Debug, "many", &fields).unwrap();
    let line = house.lines.all().remove(0);
    assert_eq!(line.fields.len(), 16);
    assert!(line.fields.iter().all(|(name, _)| name.len() <= 64 + '…'.len_utf8()));
}

#[tokio::test]
async fn a_flood_from_a_guest_ends_with_its_host_calls() {
    let house = House::new();
    let flood = format!(
        "(loop $again (call $log (i32.const 1) (i32.const 256) (i32.const 4) (i32.const 0) (i32.const 0)) (br $again)) {TEN_POINTS}"
    );
    let rules =
        Rules { imports: r#"(import "mnemosyne:log/log@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))"#, ..Rules::awarding(flood) };
    let failed = house.award(&rules).await.unwrap_err();
    assert_eq!(failed.failure, crate::Failure::HostCallsExceeded(16));
    assert_eq!(house.lines.all().len(), 16);
    assert_eq!(house.lines.all()[0].message, "solo");
}
