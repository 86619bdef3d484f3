//! How lists and reports write instants, parties and cells.

use xinglin_primitives::{
    glue::{Held, Subject},
    time::{Date, Moment, CST_OFFSET_MS, DAY_MS, HOUR_MS, MINUTE_MS},
    Party,
};

/// An instant in China Standard Time, as ISO 8601 writes it: `2026-01-31T08:30:00+08:00`.
pub fn instant(moment: Moment) -> String {
    let of_day = moment.saturating_add(CST_OFFSET_MS) % DAY_MS;
    let (hour, minute) = (of_day / HOUR_MS, of_day / MINUTE_MS % 60);
    let second = of_day / 1_000 % 60;
    format!(
        "{}T{hour:02}:{minute:02}:{second:02}+08:00",
        Date::of(moment)
    )
}

/// How long ago something was, in the largest unit of which there is one: `3 d`, `5 h`, `12 min`.
pub fn age(since: Moment, now: Moment) -> String {
    let ms = now.saturating_sub(since);
    match ms {
        DAY_MS.. => format!("{} d", ms / DAY_MS),
        HOUR_MS.. => format!("{} h", ms / HOUR_MS),
        _ => format!("{} min", ms / MINUTE_MS),
    }
}

/// A party as commands take it: `member:3`.
pub fn party(party: Party) -> String {
    match party {
        Party::Member(id) => format!("member:{id}"),
        Party::Practitioner(id) => format!("practitioner:{id}"),
        Party::Patient(id) => format!("patient:{id}"),
    }
}

/// Whom or what a hold stops, as commands take it.
pub fn held(held: Held) -> String {
    match held {
        Held::Party(id) => party(id),
        Held::Scheme(id) => format!("scheme:{id}"),
    }
}

/// What a case is about, as commands take it.
pub fn subject(subject: Subject) -> String {
    match subject {
        Subject::Party(id) => party(id),
        Subject::Scheme(id) => format!("scheme:{id}"),
        Subject::Claim(id) => format!("claim:{id}"),
        Subject::Emergency(id) => format!("emergency:{id}"),
    }
}

/// Rows as CSV after RFC 4180: commas, quotes only where needed, each row ended by CR and LF.
pub fn csv<R, C>(rows: R) -> String
where
    R: IntoIterator<Item = C>,
    C: AsRef<[String]>,
{
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.as_ref().iter().map(|it| quoted(it)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_in_china_standard_time() {
        assert_eq!(instant(0), "1970-01-01T08:00:00+08:00");
        // 2026-01-31T00:30:05Z, and the last second of a day in China.
        let morning = 1_769_819_405_250;
        assert_eq!(instant(morning), "2026-01-31T08:30:05+08:00");
        let last = Date(20_000).start() - 1;
        assert!(instant(last).ends_with("T23:59:59+08:00"));
    }

    #[test]
    fn ages_have_one_unit() {
        let now = 10 * DAY_MS;
        assert_eq!(age(now - 3 * DAY_MS, now), "3 d");
        assert_eq!(age(now - DAY_MS + 1, now), "23 h");
        assert_eq!(age(now - HOUR_MS + 1, now), "59 min");
        // The clock of a chain does not go back, but lists are read at different blocks.
        assert_eq!(age(now + 5, now), "0 min");
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let rows = [["a", "b,c"], ["d\"e", "f\ng"]].map(|row| row.map(str::to_owned));
        assert_eq!(csv(rows), "a,\"b,c\"\r\n\"d\"\"e\",\"f\ng\"\r\n");
    }
}
