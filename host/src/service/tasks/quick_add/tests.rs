//! Lines as people write them. Now is Thursday, 2026-11-26, 17:00 in Berlin.

use super::*;

const BERLIN: &str = "Europe/Berlin";

fn at(text: &str) -> Millis {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn now() -> Millis {
    at("2026-11-26T16:00:00Z")
}

struct Read {
    title: String,
    due: String,
    tokens: String,
    task: NewTask,
}

fn read_at(text: &str, zone: &str, now: Millis, ignore: &[Span]) -> Option<Read> {
    let calendar = Calendar::new(zone, 0);
    let (task, tokens) = understand(text, ignore, &calendar, now)?;
    let units: Vec<u16> = text.encode_utf16().collect();
    for token in &tokens {
        assert_eq!(String::from_utf16(&units[token.start..token.end]).unwrap(), token.text, "{text}");
    }
    assert!(tokens.windows(2).all(|pair| pair[0].end <= pair[1].start), "{text}: {tokens:?}");
    let due = task.due_date.map(|due| calendar.wall(due).strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
    let tokens = tokens.iter().map(|token| format!("{}={}", token.kind, token.value)).collect::<Vec<_>>().join(" ");
    Some(Read { title: task.title.clone(), due, tokens, task })
}

fn read(text: &str) -> Read {
    read_at(text, BERLIN, now(), &[]).unwrap_or_else(|| panic!("{text} leaves no title"))
}

/// (line, title, due in Berlin, tokens)
type Row = (&'static str, &'static str, &'static str, &'static str);

fn holds(rows: &[Row]) {
    for (text, title, due, tokens) in rows {
        let read = read(text);
        assert_eq!((read.title.as_str(), read.due.as_str(), read.tokens.as_str()), (*title, *due, *tokens), "{text}");
    }
}

#[test]
fn days() {
    holds(&[
        ("Call Ada today", "Call Ada", "2026-11-26 23:59", "date=2026-11-26"),
        ("Call Ada tomorrow", "Call Ada", "2026-11-27 23:59", "date=2026-11-27"),
        ("Tomorrow call Ada", "call Ada", "2026-11-27 23:59", "date=2026-11-27"),
        ("Call Ada the day after tomorrow", "Call Ada", "2026-11-28 23:59", "date=2026-11-28"),
        ("Call Ada friday", "Call Ada", "2026-11-27 23:59", "date=2026-11-27"),
        ("Call Ada on Thursday", "Call Ada", "2026-12-03 23:59", "date=2026-12-03"),
        ("Call Ada next monday", "Call Ada", "2026-11-30 23:59", "date=2026-11-30"),
        ("Call Ada by tue", "Call Ada", "2026-12-01 23:59", "date=2026-12-01"),
        ("Clean up this weekend", "Clean up", "2026-11-28 23:59", "date=2026-11-28"),
        ("Plan next week", "Plan", "2026-11-30 23:59", "date=2026-11-30"),
        ("Budget next month", "Budget", "2026-12-01 23:59", "date=2026-12-01"),
        ("Taxes by the end of the month", "Taxes", "2026-11-30 23:59", "date=2026-11-30"),
        ("Report end of week", "Report", "2026-11-27 23:59", "date=2026-11-27"),
        ("Party end of year", "Party", "2026-12-31 23:59", "date=2026-12-31"),
        ("Water plants in 3 days", "Water plants", "2026-11-29 23:59", "date=2026-11-29"),
        ("Dentist in two weeks", "Dentist", "2026-12-10 23:59", "date=2026-12-10"),
        ("Check in a month", "Check", "2026-12-26 23:59", "date=2026-12-26"),
        ("Visa 3 months from now", "Visa", "2027-02-26 23:59", "date=2027-02-26"),
        ("Ship on 2027-03-01", "Ship", "2027-03-01 23:59", "date=2027-03-01"),
        ("Ship 24.12.2026", "Ship", "2026-12-24 23:59", "date=2026-12-24"),
        ("Gifts by December 20th", "Gifts", "2026-12-20 23:59", "date=2026-12-20"),
        ("Gifts by 20 Dec", "Gifts", "2026-12-20 23:59", "date=2026-12-20"),
        ("Leap on February 29", "Leap", "2028-02-29 23:59", "date=2028-02-29"),
        ("Renew March 1, 2028", "Renew", "2028-03-01 23:59", "date=2028-03-01"),
        ("Renew on the 1st of March", "Renew", "2027-03-01 23:59", "date=2027-03-01"),
        ("Pay by the 17th", "Pay", "2026-12-17 23:59", "date=2026-12-17"),
    ]);
}

#[test]
fn times() {
    holds(&[
        ("Call Ada at 9am tomorrow", "Call Ada", "2026-11-27 09:00", "time=09:00 date=2026-11-27"),
        ("Call Ada tomorrow 9:30", "Call Ada", "2026-11-27 09:30", "date=2026-11-27 time=09:30"),
        ("Call Ada tomorrow at 15", "Call Ada", "2026-11-27 15:00", "date=2026-11-27 time=15:00"),
        ("Call Ada 6 pm", "Call Ada", "2026-11-26 18:00", "time=18:00"),
        ("Call Ada 9am", "Call Ada", "2026-11-27 09:00", "time=09:00"),
        ("Call Ada at 17:00", "Call Ada", "2026-11-27 17:00", "time=17:00"),
        ("Lunch at noon on friday", "Lunch", "2026-11-27 12:00", "time=12:00 date=2026-11-27"),
        ("Submit by midnight", "Submit", "2026-11-26 23:59", "time=23:59"),
        ("Call tonight", "Call", "2026-11-26 20:00", "date=2026-11-26"),
        ("Call tonight at 10pm", "Call", "2026-11-26 22:00", "date=2026-11-26 time=22:00"),
        ("Run tomorrow morning", "Run", "2026-11-27 09:00", "date=2026-11-27"),
        ("Run this evening", "Run", "2026-11-26 18:00", "date=2026-11-26"),
        ("Eggs in 10 minutes", "Eggs", "2026-11-26 17:10", "date=2026-11-26T17:10:00"),
        ("Laundry in an hour", "Laundry", "2026-11-26 18:00", "date=2026-11-26T18:00:00"),
        ("Call Bob today 9am", "Call Bob", "2026-11-26 09:00", "date=2026-11-26 time=09:00"),
        ("Noon 12am test tomorrow", "Noon test", "2026-11-27 00:00", "time=00:00 date=2026-11-27"),
    ]);
}

#[test]
fn repetition() {
    holds(&[
        (
            "Pay rent tomorrow 9am every month !high #home ~30m",
            "Pay rent",
            "2026-11-27 09:00",
            "date=2026-11-27 time=09:00 recurrence=FREQ=MONTHLY priority=high tag=home estimate=30",
        ),
        ("Water plants every 2 weeks", "Water plants", "2026-11-26 23:59", "recurrence=FREQ=WEEKLY;INTERVAL=2"),
        ("Run every other day", "Run", "2026-11-26 23:59", "recurrence=FREQ=DAILY;INTERVAL=2"),
        ("Gym every mon, wed and fri at 7am", "Gym", "2026-11-27 07:00", "recurrence=FREQ=WEEKLY;BYDAY=MO,WE,FR time=07:00"),
        ("Gym every sat,sun", "Gym", "2026-11-28 23:59", "recurrence=FREQ=WEEKLY;BYDAY=SA,SU"),
        ("Standup every weekday at 9:15", "Standup", "2026-11-27 09:15", "recurrence=FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR time=09:15"),
        ("Choir on mondays", "Choir", "2026-11-30 23:59", "recurrence=FREQ=WEEKLY;BYDAY=MO"),
        ("Review every last friday", "Review", "2026-11-27 23:59", "recurrence=FREQ=MONTHLY;BYDAY=-1FR"),
        ("Invoice monthly on the last friday", "Invoice", "2026-11-27 23:59", "recurrence=FREQ=MONTHLY;BYDAY=-1FR"),
        ("Rent every month on the 15th", "Rent", "2026-12-15 23:59", "recurrence=FREQ=MONTHLY;BYMONTHDAY=15"),
        ("Books every month on the 31st", "Books", "2026-11-30 23:59", "recurrence=FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"),
        ("Backup every month on the last day", "Backup", "2026-11-30 23:59", "recurrence=FREQ=MONTHLY;BYMONTHDAY=-1"),
        (
            "Rent every month from 2027-01-30",
            "Rent",
            "2027-01-30 23:59",
            "recurrence=FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1 date=2027-01-30",
        ),
        ("Journal daily", "Journal", "2026-11-26 23:59", "recurrence=FREQ=DAILY"),
        ("Journal daily at 9am", "Journal", "2026-11-27 09:00", "recurrence=FREQ=DAILY time=09:00"),
        ("Birthday yearly on 3 May", "Birthday", "2027-05-03 23:59", "recurrence=FREQ=YEARLY date=2027-05-03"),
        ("Filter every 3 months after completion", "Filter", "2026-11-26 23:59", "recurrence=FREQ=MONTHLY;INTERVAL=3"),
        ("Write weekly report every friday", "Write weekly report", "2026-11-27 23:59", "recurrence=FREQ=WEEKLY;BYDAY=FR"),
        ("Daily standup notes", "Daily standup notes", "", ""),
    ]);
    assert_eq!(read("Filter every 3 months after completion").task.recurrence.unwrap().anchor, "completion");
    let rent = read("Pay rent every month #home").task.recurrence.unwrap();
    assert_eq!((rent.text.as_deref(), rent.timezone.as_str(), rent.anchor.as_str()), (Some("every month"), BERLIN, "schedule"));
}

#[test]
fn marks() {
    holds(&[
        ("Fix it !urgent", "Fix it", "", "priority=urgent"),
        ("Fix it p2 #work #a/b", "Fix it", "", "priority=high tag=work tag=a/b"),
        ("Fix it ~1h30", "Fix it", "", "estimate=90"),
        ("Fix it ~1.5h", "Fix it", "", "estimate=90"),
        ("Fix it ~90", "Fix it", "", "estimate=90"),
        ("Fix issue #42 ~2h15min", "Fix issue #42", "", "estimate=135"),
        ("Köln besuchen #größe #日本 #🏠", "Köln besuchen", "", "tag=größe tag=日本 tag=🏠"),
        ("!low Fix it !high", "!low Fix it", "", "priority=high"),
        ("Fix it #home, #home", "Fix it", "", "tag=home tag=home"),
        ("Wow! It works", "Wow! It works", "", ""),
        ("Learn C# and C++ !", "Learn C# and C++ !", "", ""),
    ]);
    assert_eq!(read("Fix it #home, #home").task.tags, ["home"]);
}

#[test]
fn what_is_not_for_sure_stays_text() {
    holds(&[
        ("Read The 9/11 Report", "Read The 9/11 Report", "", ""),
        ("Read John 3:16", "Read John 3:16", "", ""),
        ("Buy 3 apples", "Buy 3 apples", "", ""),
        ("Buy sun cream", "Buy sun cream", "", ""),
        ("Meet on the 2nd floor", "Meet on the 2nd floor", "", ""),
        ("Maybe march on", "Maybe march on", "", ""),
        ("Read 2020-01-01 again", "Read 2020-01-01 again", "", ""),
        ("Meet on February 30", "Meet on February 30", "", ""),
        ("Wait in 99999999999999 days", "Wait in 99999999999999 days", "", ""),
        ("Wait in 9999 years", "Wait in 9999 years", "", ""),
        ("Count every 0 days", "Count every 0 days", "", ""),
        ("Count every 99999999999 weeks", "Count every 99999999999 weeks", "", ""),
        ("Sleep ~99999999999999999999h", "Sleep ~99999999999999999999h", "", ""),
        ("Sleep ~0m ~-5m ~h ~", "Sleep ~0m ~-5m ~h ~", "", ""),
        ("Call at 25:00 or 9:75 at 13pm", "Call at 25:00 or 9:75 at 13pm", "", ""),
        ("Think", "Think", "", ""),
        ("明日 電話する", "明日 電話する", "", ""),
    ]);
}

#[test]
fn of_two_the_last_one_counts_and_punctuation_goes_with_what_it_belongs_to() {
    holds(&[
        ("Move monday's talk to friday", "Move monday's talk to", "2026-11-27 23:59", "date=2026-11-27"),
        ("Tomorrow plan the party of saturday", "Tomorrow plan the party of", "2026-11-28 23:59", "date=2026-11-28"),
        ("Call Ada tomorrow, then Bob", "Call Ada, then Bob", "2026-11-27 23:59", "date=2026-11-27"),
        ("Pay rent (by friday)", "Pay rent", "2026-11-27 23:59", "date=2026-11-27"),
        ("Pay rent, tomorrow.", "Pay rent.", "2026-11-27 23:59", "date=2026-11-27"),
        ("  Pay   rent\ttomorrow  ", "Pay rent", "2026-11-27 23:59", "date=2026-11-27"),
        ("Friday: pay rent", "pay rent", "2026-11-27 23:59", "date=2026-11-27"),
        ("Watch \"Friday the 13th\" tomorrow", "Watch \"Friday the 13th\"", "2026-11-27 23:59", "date=2026-11-27"),
        ("Buy \\#2 pencils \\tomorrow", "Buy #2 pencils tomorrow", "", ""),
        ("Say “see you tomorrow” today", "Say “see you tomorrow”", "2026-11-26 23:59", "date=2026-11-26"),
    ]);
}

#[test]
fn zones_decide_what_today_is_and_clock_changes_what_a_time_is() {
    let due = |text: &str, zone: &str, now: &str| {
        let calendar = Calendar::new(zone, 0);
        let (task, _) = understand(text, &[], &calendar, at(now)).unwrap();
        jiff::Timestamp::from_millisecond(task.due_date.unwrap()).unwrap().to_string()
    };
    for (text, zone, now, expected) in [
        ("x tomorrow 9am", "UTC", "2026-11-26T23:30:00Z", "2026-11-27T09:00:00Z"),
        ("x tomorrow 9am", "Pacific/Auckland", "2026-11-26T23:30:00Z", "2026-11-27T20:00:00Z"),
        ("x tomorrow 9am", "America/Los_Angeles", "2026-11-26T03:30:00Z", "2026-11-26T17:00:00Z"),
        ("x tomorrow 9am", "Asia/Kathmandu", "2026-11-26T03:30:00Z", "2026-11-27T03:15:00Z"),
        // Skipped by the clock: by the clock before, which shows 03:30 then.
        ("x tomorrow 2:30", BERLIN, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
        ("x tomorrow 2:30am", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-08T07:30:00Z"),
        // Twice: the first.
        ("x tomorrow 2:30", BERLIN, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        // Midnight itself is skipped.
        ("x 2026-09-06 12am", "America/Santiago", "2026-09-01T12:00:00Z", "2026-09-06T04:00:00Z"),
        // Twenty-three hours later is not tomorrow at this time, and an hour is an hour.
        ("x in 24 hours", BERLIN, "2026-03-28T12:00:30Z", "2026-03-29T12:00:00Z"),
        ("x in 1 day", BERLIN, "2026-03-28T12:00:00Z", "2026-03-29T21:59:00Z"),
        ("x today", "Pacific/Apia", "2026-06-15T12:00:00Z", "2026-06-16T10:59:00Z"),
        ("x end of month", "UTC", "2028-02-10T00:00:00Z", "2028-02-29T23:59:00Z"),
    ] {
        assert_eq!(due(text, zone, now), expected, "{text} {zone} {now}");
    }
}

#[test]
fn a_wrong_match_is_unlinked_by_its_span() {
    let text = "Read 🌍 today magazine tomorrow #x";
    let units = |from: &str| text[..text.find(from).unwrap()].encode_utf16().count();
    let tomorrow = (units("tomorrow"), units("tomorrow") + 8);
    let plain = read(text);
    assert_eq!((plain.title.as_str(), plain.due.as_str()), ("Read 🌍 today magazine", "2026-11-27 23:59"));
    let other = read_at(text, BERLIN, now(), &[tomorrow]).unwrap();
    assert_eq!((other.title.as_str(), other.due.as_str()), ("Read 🌍 magazine tomorrow", "2026-11-26 23:59"));
    let none = read_at(text, BERLIN, now(), &[tomorrow, (units("today"), units("today") + 1)]).unwrap();
    assert_eq!((none.title.as_str(), none.due.as_str(), none.tokens.as_str()), ("Read 🌍 today magazine tomorrow", "", "tag=x"));
}

#[test]
fn further_lines_are_the_description_and_spans_are_of_the_whole_text() {
    let read = read("\n  Pay rent tomorrow\nto the old account #no\nnot tomorrow");
    assert_eq!((read.title.as_str(), read.tokens.as_str()), ("Pay rent", "date=2026-11-27"));
    assert_eq!(read.task.description, "to the old account #no\nnot tomorrow");
}

#[test]
fn a_line_without_anything_to_do_leaves_no_title() {
    for text in ["tomorrow", "tomorrow 9am every month !high #home ~30m", "", "   \n ", "...", "!high", "(by friday)", "— !"] {
        assert!(read_at(text, BERLIN, now(), &[]).is_none(), "{text}");
    }
}

#[test]
fn nothing_that_people_type_breaks_it() {
    let pieces = [
        "tomorrow",
        "on",
        "the",
        "1st",
        "every",
        "\"",
        "“",
        "\\",
        "#",
        "!",
        "~",
        "(",
        ")",
        ",",
        "9",
        "am",
        "9am",
        "in",
        "3",
        "days",
        "of",
        "may",
        "and",
        "mon",
        "🏳️‍🌈",
        "é",
        "\u{202e}",
        "ß",
        "İ",
        "ﬃ",
        "\u{a0}",
        "\n",
        "2026-13-45",
        "99.99.9999",
        "24:00",
        "end",
        "last",
        "day",
        "month",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..=state % 12 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(pieces[usize::try_from(state % pieces.len() as u64).unwrap()]);
            if state & 64 == 0 {
                text.push(' ');
            }
        }
        // The assertions about spans are in there.
        let _ = read_at(&text, BERLIN, now(), &[(1, 3)]);
    }
    let long = "on the 1st ".repeat(900);
    assert!(read_at(&long, BERLIN, now(), &[]).is_some_and(|read| read.tokens == "date=2026-12-01"));
}

#[test]
fn rules_given_by_others_are_read_or_dropped() {
    let rule = |text: &str| recurrence_in(text, &Calendar::new("UTC", 0), Some(at("2026-01-31T09:00:00Z")), now()).map(|rule| rule.rrule);
    for (text, expected) in [
        ("every month", Some("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1")),
        ("every 2 weeks", Some("FREQ=WEEKLY;INTERVAL=2")),
        ("FREQ=WEEKLY;BYDAY=MO,-1FR", Some("FREQ=WEEKLY;BYDAY=MO,-1FR")),
        ("rrule:freq=daily", None),
        ("RRULE:FREQ=DAILY;COUNT=3", Some("FREQ=DAILY;COUNT=3")),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", None),
        ("FREQ=SECONDLY", None),
        ("FREQ=DAILY;INTERVAL=0", None),
        ("FREQ=DAILY;FREQ=DAILY", None),
        ("FREQ=DAILY;BYDAY=", None),
        ("FREQ=DAILY;BYDAY=é", None),
        ("INTERVAL=2", None),
        ("every month and then some", None),
        ("whenever", None),
        ("", None),
    ] {
        assert_eq!(rule(text).as_deref(), expected, "{text}");
    }
}
