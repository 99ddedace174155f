//! How many of the words joined by `or` have to be there, as a rule over their number.
//!
//! **In**: `3`, `-1`, `75%`, `-25%`, or conditions: `2<75%`, `2<-1 9<-3`. **Out**: a number of words. **Law**: the usual meaning of
//! `minimum_should_match`: a percentage is rounded towards zero; a negative number or percentage says how many may be missing; a
//! condition `n<rule` holds for more than n words, the last one that holds counts, and where none does all are needed.
//! Source: Apache Lucene and Solr, `min_should_match`.

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinimumMatch {
    /// Ascending: for more words than this, that.
    conditions: Vec<(u32, Amount)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Words(i32),
    Percent(i32),
}

impl Amount {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('%') {
            Some(percent) => percent.parse().ok().filter(|percent| (-100..=100).contains(percent)).map(Self::Percent),
            None => text.parse().ok().map(Self::Words),
        }
    }

    fn of(self, words: i64) -> i64 {
        let amount = match self {
            Self::Words(amount) => i64::from(amount),
            Self::Percent(percent) => words * i64::from(percent) / 100,
        };
        // Of -25 % of three nothing is left, and nothing may be missing.
        let less = matches!(self, Self::Words(..0) | Self::Percent(..0));
        if less { words + amount } else { amount }
    }
}

impl MinimumMatch {
    /// So many words.
    #[must_use]
    pub fn words(count: u32) -> Self {
        Self { conditions: vec![(0, Amount::Words(i32::try_from(count).unwrap_or(i32::MAX)))] }
    }

    /// Reads a rule; `None` when it is none.
    ///
    /// # Examples
    /// ```
    /// use findspot_engine::query::MinimumMatch;
    /// let rule = MinimumMatch::parse("2<75%").unwrap();
    /// assert_eq!([1, 2, 3, 4, 8].map(|words| rule.of(words)), [1, 2, 2, 3, 6]);
    /// assert!(MinimumMatch::parse("most").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.contains('<') {
            return Amount::parse(text).map(|amount| Self { conditions: vec![(0, amount)] });
        }
        let condition = |part: &str| {
            let (above, amount) = part.split_once('<')?;
            Some((above.parse().ok()?, Amount::parse(amount)?))
        };
        let conditions: Vec<(u32, Amount)> = text.split_whitespace().map(condition).collect::<Option<_>>()?;
        conditions.is_sorted_by(|a, b| a.0 < b.0).then_some(Self { conditions })
    }

    /// How many of so many words have to be there: 0 to all of them.
    #[must_use]
    pub fn of(&self, words: usize) -> usize {
        let count = i64::try_from(words).unwrap_or(i64::MAX >> 8);
        let holds = self.conditions.iter().rev().find(|(above, _)| i64::from(*above) < count);
        let wanted = holds.map_or(count, |(_, amount)| amount.of(count));
        usize::try_from(wanted.clamp(0, count)).unwrap_or(words)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn rules_mean_what_they_mean_elsewhere() {
        // From the tests of Lucene's and Solr's `calculateMinShouldMatch`.
        let cases = [
            (5, "3", 3),
            (5, "7", 5),
            (5, "-2", 3),
            (5, "-7", 0),
            (5, "50%", 2),
            (6, "50%", 3),
            (5, "-50%", 3),
            (3, "-25%", 3),
            (4, "-25%", 3),
            (1, "3<0", 1),
            (2, "3<0", 2),
            (3, "3<0", 3),
            (4, "3<0", 0),
            (5, "3<25%", 1),
            (3, "3<25%", 3),
            (1, "2<-25% 9<-3", 1),
            (2, "2<-25% 9<-3", 2),
            (3, "2<-25% 9<-3", 3),
            (9, "2<-25% 9<-3", 7),
            (10, "2<-25% 9<-3", 7),
            (0, "2<75%", 0),
            (0, "1", 0),
        ];
        for (words, rule, expected) in cases {
            assert_eq!(MinimumMatch::parse(rule).unwrap().of(words), expected, "{rule} of {words}");
        }
        assert_eq!(MinimumMatch::words(2), MinimumMatch::parse(" 2 ").unwrap());
        for bad in ["", "%", "101%", "-101%", "1.5", "2<", "<2", "a<1", "3<1 2<1", "2<1 2<2", "2 < 1", "99999999999"] {
            assert_eq!(MinimumMatch::parse(bad), None, "{bad:?}");
        }
    }
}
