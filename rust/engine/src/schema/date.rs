//! Dates as users and documents write them.
//!
//! **In**: ISO 8601 text. **Out**: a [`Span`] of microseconds since 1970-01-01T00:00:00Z. **Law**: `1999`, `1999-05` and `1999-05-01`
//! span the whole unit; with a time it is one instant, to the microsecond (digits beyond are cut, towards the past); without an offset it
//! is UTC. Years −9999 to 9999 (`-0044` is 45 BC). Source: ISO 8601-1:2019; parsing of times by `jiff`.

use jiff::civil::{Date, DateTime};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// From the first to the last microsecond that a date means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins: what a document that says so stores.
    pub first: i64,
    /// The last microsecond that belongs to it; `first` for an instant.
    pub last: i64,
}

/// Microseconds at which a day begins. Source: Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
fn start_of(date: Date) -> i64 {
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    days * DAY
}

fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A year, month or day without a time.
fn unit(text: &str) -> Option<Span> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut parts = rest.split('-');
    let year = sign * digits(parts.next()?, 4)?;
    let month = parts.next().map(|part| digits(part, 2));
    let day = parts.next().map(|part| digits(part, 2));
    if parts.next().is_some() {
        return None;
    }
    let small = |number: Option<Option<i16>>, other: i8| number.map_or(Some(other), |number| i8::try_from(number?).ok());
    let begin = Date::new(year, small(month, 1)?, small(day, 1)?).ok()?;
    let end = match (month, day) {
        (None, _) => Date::new(year, 12, 31).ok()?,
        (Some(_), None) => begin.last_of_month(),
        (Some(_), Some(_)) => begin,
    };
    Some(Span { first: start_of(begin), last: start_of(end) + (DAY - 1) })
}

/// An offset from UTC: `Z`, `+01`, `+01:30`, `+0130`.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'Z' | b'z' => return (text.len() == 1).then_some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = text.get(1..)?;
    let (hours, minutes) = match rest.len() {
        2 => (digits(rest, 2)?, 0),
        4 => (digits(rest.get(..2)?, 2)?, digits(rest.get(2..)?, 2)?),
        5 if rest.as_bytes().get(2) == Some(&b':') => (digits(rest.get(..2)?, 2)?, digits(rest.get(3..)?, 2)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60) * SECOND)
}

/// A date with a time.
fn instant(text: &str, time_at: usize) -> Option<i64> {
    let zone_at = text.get(time_at..)?.find(['+', '-', 'Z', 'z']).map_or(text.len(), |at| time_at + at);
    let (clock, zone) = text.split_at_checked(zone_at)?;
    if !clock.bytes().all(|b| b.is_ascii_digit() || b"-:.,Tt ".contains(&b)) {
        return None;
    }
    let at: DateTime = clock.parse().ok()?;
    let time = at.time();
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let local = start_of(at.date()) + seconds * SECOND + i64::from(time.subsec_nanosecond()) / 1000;
    Some(local - if zone.is_empty() { 0 } else { offset(zone)? })
}

/// Reads a date; `None` when it is none.
///
/// # Examples
/// ```
/// use findspot_engine::schema::date;
/// assert_eq!(date::parse("1970-01-01T00:00:01+01:00").map(|span| span.first), Some(-3_599_000_000));
/// assert_eq!(date::parse("1970-01").map(|span| span.last + 1), date::parse("1970-02").map(|span| span.first));
/// assert_eq!(date::parse("yesterday"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<Span> {
    // The longest form that is taken has an offset and nine digits of a second.
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    match text.find(['T', 't', ' ']) {
        None => unit(text),
        Some(at) => instant(text, at + 1).map(|at| Span { first: at, last: at }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(text: &str) -> Option<(i64, i64)> {
        parse(text).map(|span| (span.first, span.last))
    }

    #[test]
    fn units_span_and_times_are_instants() {
        assert_eq!(span("1970"), Some((0, 365 * DAY - 1)));
        assert_eq!(span("1972"), Some((730 * DAY, (730 + 366) * DAY - 1)));
        assert_eq!(span("1970-02"), Some((31 * DAY, 59 * DAY - 1)));
        assert_eq!(span("1969-12-31"), Some((-DAY, -1)));
        assert_eq!(span("1970-01-01T00:00:00Z"), Some((0, 0)));
        assert_eq!(span("1970-01-01 00:00:00.0000019"), Some((1, 1)));
        assert_eq!(span("1969-12-31T23:59:59.9999999Z"), Some((-1, -1)));
        assert_eq!(span("1970-01-01T02:30+02:00"), Some((1_800_000_000, 1_800_000_000)));
        assert_eq!(span("1970-01-01T00:00:00.123456+00:00"), Some((123_456, 123_456)));
        assert!(span("-0044-03-15").is_some_and(|(first, _)| first < 0));
        assert!(span("9999-12-31T23:59:59Z").is_some() && span("-9999").is_some());
        assert_eq!(span("9999").map(|(_, last)| last), span("9999-12-31T23:59:59.999999").map(|(last, _)| last));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "-",
            "99",
            "19999",
            "1999-",
            "1999-5",
            "1999-13",
            "1999-02-30",
            "1999-05-01-",
            "19990501",
            "T",
            "1999-05-01T",
            "1999-05-01Tx",
            "1999-05-01T25:00:00Z",
            "1999-05-01T10:00:00[Europe/London]x",
            "１９９９",
            "now",
            "+1999",
            "1999-05-01T10:00:00+99:99",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "[-0-9TZ:+ .]{0,40}|.{0,40}") {
            if let Some(span) = parse(&text) {
                prop_assert!(span.first <= span.last);
            }
        }

        #[test]
        fn days_follow_each_other(days in -4_000_000i64..2_900_000) {
            let at = jiff::Timestamp::from_second(days * 86_400).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let date = jiff::tz::Offset::UTC.to_datetime(at).date();
            prop_assume!(date.year() >= 0);
            let span = parse(&date.to_string()).ok_or_else(|| TestCaseError::fail(date.to_string()))?;
            prop_assert_eq!((span.first, span.last), (days * 86_400_000_000, (days + 1) * 86_400_000_000 - 1));
        }
    }
}
