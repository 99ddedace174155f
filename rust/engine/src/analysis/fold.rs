//! Folding: Latin, Greek and Cyrillic letters lose their marks.
//!
//! **In**: a lower-case word in NFC. **Out**: the word as it is indexed, in NFC. **Law**: letters of other scripts and their marks stay
//! (a vowel sign of Hindi is no accent). Decomposition is Unicode's (NFD); what it does not decompose is listed in `plain`.
//!
//! - **Latin** loses every mark, and letters with a stroke or hook become their plain ones: `é` is `e`, `ø` is `o`, `ß` is `ss`.
//! - **Greek** loses every mark, and final sigma is sigma.
//! - **Cyrillic** loses stress marks, which have no composed form. A letter that Unicode has composed is a letter of its own (й, ї, ў,
//!   ѓ, ќ) and stays, except for the mere spellings ё, ѐ, ѝ of е, е, и.

use unicode_normalization::char::decompose_canonical;

use super::script::{self, Folded};

/// Appends the folded form of `word` to `out`.
pub(super) fn fold(word: &str, out: &mut String) {
    let mut after_letter = false;
    for c in word.chars() {
        if c.is_ascii() {
            after_letter = true;
            out.push(c);
        } else if script::is_accent(c) {
            if !after_letter {
                out.push(c);
            }
        } else {
            after_letter = match script::folded(c) {
                None => {
                    out.push(c);
                    false
                }
                Some(Folded::Cyrillic) => {
                    out.push(match c {
                        'ё' | 'ѐ' => 'е',
                        'ѝ' => 'и',
                        _ => c,
                    });
                    true
                }
                Some(Folded::Greek | Folded::Latin) => {
                    decompose_canonical(c, |part| {
                        if !script::is_accent(part) {
                            match plain(part) {
                                "" => out.push(part),
                                letters => out.push_str(letters),
                            }
                        }
                    });
                    true
                }
            };
        }
    }
}

/// What a letter without canonical decomposition is written as; empty for itself.
fn plain(c: char) -> &'static str {
    match c {
        'ς' => "σ",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ĳ' => "ij",
        'ŉ' => "n",
        'ǆ' => "dz",
        'ǉ' => "lj",
        'ǌ' => "nj",
        'ǳ' => "dz",
        'ꜳ' => "aa",
        'ꜵ' => "ao",
        'ꜷ' => "au",
        'ꜹ' | 'ꜻ' => "av",
        'ꜽ' => "ay",
        'ꝏ' => "oo",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        'ª' | 'ⱥ' | 'ａ' => "a",
        'ƀ' | 'ƃ' | 'ɓ' | 'ｂ' => "b",
        'ƈ' | 'ȼ' | 'ɕ' | 'ｃ' => "c",
        'đ' | 'ð' | 'ƌ' | 'ȡ' | 'ɖ' | 'ɗ' | 'ｄ' => "d",
        'ɇ' | 'ｅ' => "e",
        'ƒ' | 'ｆ' => "f",
        'ǥ' | 'ɠ' | 'ꞡ' | 'ｇ' => "g",
        'ħ' | 'ⱨ' | 'ɦ' | 'ｈ' => "h",
        'ı' | 'ɨ' | 'ｉ' => "i",
        'ȷ' | 'ɉ' | 'ʝ' | 'ｊ' => "j",
        'ƙ' | 'ⱪ' | 'ꝁ' | 'ꞣ' | 'ｋ' => "k",
        'ł' | 'ŀ' | 'ƚ' | 'ȴ' | 'ɫ' | 'ɬ' | 'ɭ' | 'ⱡ' | 'ｌ' => "l",
        'ɱ' | 'ｍ' => "m",
        'ŋ' | 'ƞ' | 'ȵ' | 'ɲ' | 'ɳ' | 'ꞑ' | 'ꞥ' | 'ｎ' => "n",
        'º' | 'ø' | 'ɵ' | 'ⱺ' | 'ꝋ' | 'ꝍ' | 'ｏ' => "o",
        'ƥ' | 'ᵽ' | 'ꝑ' | 'ꝓ' | 'ｐ' => "p",
        'ɋ' | 'ꝗ' | 'ꝙ' | 'ｑ' => "q",
        'ɍ' | 'ɽ' | 'ɾ' | 'ꞧ' | 'ｒ' => "r",
        'ſ' | 'ȿ' | 'ʂ' | 'ꞩ' | 'ｓ' => "s",
        'ŧ' | 'ƫ' | 'ƭ' | 'ȶ' | 'ʈ' | 'ⱦ' | 'ｔ' => "t",
        'ʉ' | 'ｕ' => "u",
        'ʋ' | 'ⱱ' | 'ⱴ' | 'ｖ' => "v",
        'ⱳ' | 'ｗ' => "w",
        'ｘ' => "x",
        'ƴ' | 'ɏ' | 'ｙ' => "y",
        'ƶ' | 'ȥ' | 'ɀ' | 'ʐ' | 'ʑ' | 'ⱬ' | 'ｚ' => "z",
        _ => "",
    }
}
