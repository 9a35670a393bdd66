//! A line of text for a terminal, whatever is in the texts that it is made of.

use std::fmt::{self, Write};

/// What a terminal can show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    Unicode,
    Ascii,
}

/// A text without what would break the line, move the cursor or turn the direction of writing around.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_control(character) {
                write!(formatter, "{}", character.escape_default())?;
            } else {
                formatter.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// The text on one line, without the spaces at its end. It is cut if it takes more columns than the limit.
pub(super) fn fitted(alphabet: Alphabet, limit: usize, text: fmt::Arguments<'_>) -> String {
    let mut line = Line {
        alphabet,
        limit,
        text: String::new(),
        columns: 0,
        before_ellipsis: 0,
    };
    if line.write_fmt(text).is_err() {
        line.text.truncate(line.before_ellipsis);
        line.text.push_str(alphabet.ellipsis());
    }
    line.text.truncate(line.text.trim_end().len());
    line.text
}

/// A line that takes no more once it is full.
struct Line {
    alphabet: Alphabet,
    limit: usize,
    text: String,
    columns: usize,
    /// The part of the text that leaves room for an ellipsis.
    before_ellipsis: usize,
}

impl Line {
    fn push(&mut self, character: char) -> fmt::Result {
        match character {
            // Of microseconds.
            'µ' if self.alphabet == Alphabet::Ascii => self.push_all(['u'], 1),
            _ if self.alphabet.has(character) => self.push_all([character], columns(character)),
            _ => {
                let escaped = character.escape_default();
                let columns = escaped.len();
                self.push_all(escaped, columns)
            }
        }
    }

    fn push_all(
        &mut self,
        characters: impl IntoIterator<Item = char>,
        columns: usize,
    ) -> fmt::Result {
        self.columns += columns;
        if self.columns > self.limit {
            return Err(fmt::Error);
        }
        self.text.extend(characters);
        if self.columns + self.alphabet.ellipsis().chars().count() <= self.limit {
            self.before_ellipsis = self.text.len();
        }
        Ok(())
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| self.push(character))
    }
}

impl Alphabet {
    /// ASCII if the alternate form is asked for.
    pub(super) fn of(formatter: &fmt::Formatter<'_>) -> Self {
        if formatter.alternate() {
            Self::Ascii
        } else {
            Self::Unicode
        }
    }

    pub(super) const fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "...",
        }
    }

    fn has(self, character: char) -> bool {
        !is_control(character) && (self == Self::Unicode || character.is_ascii())
    }
}

fn is_control(character: char) -> bool {
    // The controls of old, then those of Unicode: for joining, breaking and directing lines.
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How many columns a terminal takes for it at the most. Most characters of East Asia and emoji take two; so some others are given more than they take.
fn columns(character: char) -> usize {
    match character {
        // A whole abbreviation of Khmer, and the only one of its kind.
        '\u{17d8}' => 3,
        ..'\u{1100}' | '\u{1e00}'..'\u{2300}' | '\u{2500}'..'\u{25fd}' => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthChar;

    use super::{Alphabet, columns, fitted, is_control};

    fn fit(limit: usize, text: &str) -> String {
        fitted(Alphabet::Unicode, limit, format_args!("{text}"))
    }

    #[test]
    fn no_character_is_wider_than_it_is_taken_for() {
        for character in ('\0'..=char::MAX).filter(|character| !is_control(*character)) {
            let width = character.width().unwrap_or(0);
            assert!(
                width <= columns(character),
                "{}",
                character.escape_unicode()
            );
        }
    }

    #[test]
    fn a_text_that_fits_is_not_cut() {
        assert_eq!(fit(5, "seven"), "seven");
        assert_eq!(fit(4, "seven"), "sev…");
        assert_eq!(fit(4, "接続"), "接続");
        assert_eq!(fit(3, "接続"), "接…");
        assert_eq!(fit(2, "接続"), "…");
        assert_eq!(fit(5, "a\nb c"), "a\\nb…");
    }

    #[test]
    fn ascii_has_another_ellipsis() {
        let fit = |limit, text| fitted(Alphabet::Ascii, limit, format_args!("{text}"));
        assert_eq!(fit(5, "seven"), "seven");
        assert_eq!(fit(5, "seventy"), "se...");
        assert_eq!(fit(5, "5µs"), "5us");
        assert_eq!(fit(9, "é"), "\\u{e9}");
    }
}
