//! What an earlier check made: the walk of the next one takes it over where nothing changed.
//!
//! **In**: a place in what the earlier check was given and in what it made. **Out**: the same below it. **Law**: only a node that is the very
//! same in memory is taken over; where none can be, nobody looks.

use crate::document::Node;

/// The same place in what an earlier check was given, and in what it made.
pub(super) type Known<'a> = Option<(Node<'a>, Node<'a>)>;

/// What is known of an item at a place of a list, or (`keyed`) of a table.
pub(super) fn known_below<'a>(known: Known<'a>, item: &Node<'a>, at: usize, keyed: bool) -> Known<'a> {
    let (given, made) = known?;
    if !item.kind().is_container() {
        return None;
    }
    let below = |node: Node<'a>| if keyed { node.get_near(item.key(), at) } else { node.nth(at) };
    // Where the check changed nothing both are one node, and one look is enough.
    let of_given = below(given)?;
    Some((of_given, if made.is_same(&given) { of_given } else { below(made)? }))
}

/// What is known, if something below a node can be the same. Looking goes through memory that is cold, and for a file that was read anew it
/// would be all in vain.
pub(super) fn still_known<'a>(known: Known<'a>, node: &Node<'a>) -> Known<'a> {
    known.filter(|(given, _)| node.kind().is_container() && given.kind().is_container() && node.may_share(given))
}
