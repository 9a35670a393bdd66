//! As much of JSON as a report needs. Not by `serde_json`: whoever links it gets its comparisons of numbers with JSON values, with which the
//! compiler infers less in all of the program.

use std::fmt::{self, Write};
use std::time::Duration;

/// A JSON value.
pub(super) enum Json {
    Null,
    Bool(bool),
    Whole(u32),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub(super) fn seconds(duration: Duration) -> Self {
        Self::Number(duration.as_secs_f64())
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The value, or null.
    pub(super) fn or_null<T>(value: Option<T>, json: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, json)
    }

    /// On lines of its own, each entry further to the right than what it is in.
    fn write(&self, formatter: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Whole(value) => write!(formatter, "{value}"),
            Self::Number(value) => write!(formatter, "{value}"),
            Self::Text(text) => quoted(formatter, text),
            Self::List(values) => {
                entries(formatter, ['[', ']'], values, depth, |formatter, value| {
                    value.write(formatter, depth + 1)
                })
            }
            Self::Object(fields) => entries(
                formatter,
                ['{', '}'],
                fields,
                depth,
                |formatter, (name, value)| {
                    write!(formatter, "\"{name}\": ")?;
                    value.write(formatter, depth + 1)
                },
            ),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter, 0)
    }
}

fn entries<T>(
    formatter: &mut fmt::Formatter<'_>,
    [open, close]: [char; 2],
    entries: &[T],
    depth: usize,
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    formatter.write_char(open)?;
    for (index, entry) in entries.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(formatter, "{comma}\n{:1$}", "", 2 * (depth + 1))?;
        write(formatter, entry)?;
    }
    if !entries.is_empty() {
        write!(formatter, "\n{:1$}", "", 2 * depth)?;
    }
    formatter.write_char(close)
}

fn quoted(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    formatter.write_char('"')?;
    for letter in text.chars() {
        match letter {
            '"' | '\\' => write!(formatter, "\\{letter}")?,
            '\u{0}'..='\u{1f}' => write!(formatter, "\\u{:04x}", u32::from(letter))?,
            _ => formatter.write_char(letter)?,
        }
    }
    formatter.write_char('"')
}

#[cfg(feature = "serde")]
impl serde::Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Whole(value) => serializer.serialize_u32(*value),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}
