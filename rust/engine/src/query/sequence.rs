//! Members side by side, some of them joined by AND and OR: one level of a query string while it is read.
//!
//! **In**: members and operators in the order of the text. **Out**: one [`Query`]. **Law**: AND binds tighter than OR, both tighter than
//! standing side by side; the tree that comes out adds at most five levels (sequence, or, and, complement, boost).

use smallvec::{SmallVec, smallvec};

use super::ast::{Match, Occur, Operator, Query};
use super::lexer::Flag;

/// How two members are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    And,
    Or,
}

impl Joint {
    fn word(self) -> &'static str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
        }
    }
}

/// Whether analysis may split a word: letters and digits of ASCII are one token for every analyzer.
pub(super) fn splits(word: &str) -> bool {
    !word.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A member of a sequence.
#[derive(Debug)]
pub(super) struct Member {
    query: Query,
    /// A bare word that may be analysed together with its neighbours.
    plain: bool,
    /// A word that analysis may split.
    splits: bool,
}

impl Member {
    /// A word; `plain` if nothing is attached to it.
    pub fn word(query: Query, splits: bool, plain: bool) -> Self {
        Self { query, plain, splits }
    }

    /// Anything else.
    pub fn other(query: Query) -> Self {
        Self { query, plain: false, splits: false }
    }

    /// The query where the member has to match (or must not) as a whole.
    fn whole(self) -> Query {
        let mut query = self.query;
        if self.splits {
            let inner = match &mut query {
                Query::Boost(inner, _) => inner,
                other => other,
            };
            if let Query::Match(it) = inner {
                it.operator = Some(Operator::And);
            }
        }
        query
    }
}

/// Members joined by AND.
type Conjuncts = SmallVec<[(Flag, Member); 1]>;

/// One level of a query string.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    members: SmallVec<[(Occur, Member); 4]>,
    /// The member that is being read: alternatives of conjuncts.
    chain: SmallVec<[Conjuncts; 1]>,
    joint: Option<(Joint, usize)>,
    /// A NOT that waits for its operand: where it stands, and whether there is an odd number of them.
    not: Option<(usize, bool)>,
}

impl Sequence {
    /// An operator; false when there is nothing that it could join.
    pub fn join(&mut self, joint: Joint, at: usize) -> bool {
        if self.chain.is_empty() || self.joint.is_some() || self.not.is_some() {
            return false;
        }
        self.joint = Some((joint, at));
        true
    }

    /// NOT.
    pub fn negate(&mut self, at: usize) {
        self.not = Some(self.not.map_or((at, true), |(first, odd)| (first, !odd)));
    }

    /// Operators without an operand, with their places; they are forgotten here.
    pub fn take_dangling(&mut self) -> Vec<(usize, &'static str)> {
        let joint = self.joint.take().map(|(joint, at)| (at, joint.word()));
        let not = self.not.take().map(|(at, _)| (at, "NOT"));
        joint.into_iter().chain(not).collect()
    }

    /// The next member.
    pub fn push(&mut self, flag: Flag, member: Member) {
        let flag = match (self.not.take(), flag) {
            (Some((_, true)), Flag::MustNot) => Flag::None,
            (Some((_, true)), _) => Flag::MustNot,
            (_, flag) => flag,
        };
        match (self.joint.take(), self.chain.last_mut()) {
            (Some((Joint::And, _)), Some(conjuncts)) => conjuncts.push((flag, member)),
            (Some((Joint::Or, _)), Some(_)) => self.chain.push(smallvec![(flag, member)]),
            _ => {
                self.flush();
                self.chain.push(smallvec![(flag, member)]);
            }
        }
    }

    /// Ends the member that is being read.
    fn flush(&mut self) {
        let mut alternatives = std::mem::take(&mut self.chain);
        let alone = alternatives.len() == 1 && alternatives.first().is_some_and(|conjuncts| conjuncts.len() == 1);
        if alone {
            let occur = |flag| match flag {
                Flag::None => Occur::Should,
                Flag::Must => Occur::Must,
                Flag::MustNot => Occur::MustNot,
            };
            let only = alternatives.pop().into_iter().flatten().map(|(flag, member)| match flag {
                Flag::None => (Occur::Should, member),
                flag => (occur(flag), Member::other(member.whole())),
            });
            self.members.extend(only);
            return;
        }
        // A + is what AND says anyway, and in an alternative of its own there is nothing that could be without it.
        let operand = |(flag, member): (Flag, Member), alone: bool| match flag {
            Flag::MustNot => Query::Not(Box::new(member.whole())),
            Flag::None if alone => member.query,
            _ => member.whole(),
        };
        let mut parts: Vec<Query> = alternatives
            .into_iter()
            .map(|conjuncts| {
                let alone = conjuncts.len() == 1;
                let mut parts: Vec<Query> = conjuncts.into_iter().map(|part| operand(part, alone)).collect();
                if alone { parts.pop().unwrap_or_else(Query::nothing) } else { Query::All(parts) }
            })
            .collect();
        let query = match parts.len() {
            0 => return,
            1 => parts.pop().unwrap_or_else(Query::nothing),
            _ => Query::Any(parts),
        };
        self.members.push((Occur::Should, Member::other(query)));
    }

    /// The query of all members; `None` without any.
    pub fn into_query(mut self) -> Option<Query> {
        self.flush();
        let mut clauses: SmallVec<[(Occur, Query); 1]> = SmallVec::with_capacity(self.members.len());
        let mut run: Option<Match> = None;
        for (occur, member) in self.members {
            match member.query {
                Query::Match(word) if member.plain && occur == Occur::Should => match &mut run {
                    Some(before) if before.fields == word.fields => {
                        before.text.push(' ');
                        before.text.push_str(&word.text);
                    }
                    before => clauses.extend(before.replace(word).map(|done| (Occur::Should, Query::Match(done)))),
                },
                query => {
                    clauses.extend(run.take().map(|done| (Occur::Should, Query::Match(done))));
                    clauses.push((occur, query));
                }
            }
        }
        clauses.extend(run.map(|done| (Occur::Should, Query::Match(done))));
        match clauses.pop() {
            Some((Occur::Should | Occur::Must, only)) if clauses.is_empty() => Some(only),
            Some((Occur::MustNot, only)) if clauses.is_empty() => Some(Query::Not(Box::new(only))),
            Some(last) => {
                clauses.push(last);
                Some(Query::Group(clauses.into_vec()))
            }
            None => None,
        }
    }
}
