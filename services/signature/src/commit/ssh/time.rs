//! Times in a file of allowed signers: `YYYYMMDD[HHMM[SS]]`, in the machine's zone, or with `Z` in UTC.

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

/// `None` when it is none, or no such time was (as where clocks were put forward).
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let (digits, utc) = match text.strip_suffix('Z') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(digits.get(..4)?.parse().ok()?, number(4, 6)?, number(6, 8)?)?;
    let time = match digits.len() {
        8 => NaiveTime::MIN,
        12 => NaiveTime::from_hms_opt(number(8, 10)?, number(10, 12)?, 0)?,
        14 => NaiveTime::from_hms_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?)?,
        _ => return None,
    };
    let at = NaiveDateTime::new(date, time);
    if utc { Some(at.and_utc()) } else { Local.from_local_datetime(&at).earliest().map(|at| at.to_utc()) }
}
