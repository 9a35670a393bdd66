//! The shape of a policy in a configuration file: names and types, no meaning yet.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table with the settings of a policy"
)]
pub(super) struct PolicyData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<AttemptsData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deadline: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempt_timeout: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_max: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_backoff: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backoff: Option<BackoffData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) classes: Option<ClassesData>,
}

/// Also the classes that are never retried, so that a rule for them can be told why it is refused.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with one rule per class")]
pub(super) struct ClassesData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth: Option<WordOr<RuleData>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permission: Option<WordOr<RuleData>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permanent: Option<WordOr<RuleData>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) concurrency: Option<WordOr<RuleData>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate_limit: Option<WordOr<RuleData>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_error: Option<WordOr<RuleData>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transient: Option<WordOr<RuleData>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unknown: Option<WordOr<RuleData>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backoff: Option<BackoffData>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a backoff such as { kind = \"fixed\", delay = \"1s\" }"
)]
pub(super) struct BackoffData {
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delay: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) step: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delays: Option<Vec<DurationText>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max: Option<DurationText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jitter: Option<WordOr<SpreadData>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpreadData {
    pub(super) spread: f64,
}

/// A duration that has not been read yet.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct DurationText(pub(super) String);

/// A number of attempts, or a word.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AttemptsData {
    Number(u32),
    Word(String),
}

/// A table, or a word in its place.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum WordOr<T> {
    Word(String),
    Table(T),
}

/// What may stand where a [`WordOr`] does.
pub(super) trait Alternatives {
    const EXPECTED: &'static str;
}

impl Alternatives for RuleData {
    const EXPECTED: &'static str = "a rule such as { attempts = 2 }, or \"never\"";
}

impl Alternatives for SpreadData {
    const EXPECTED: &'static str = "\"none\", \"full\", \"equal\" or { spread = 0.3 }";
}

impl<'de, T: Deserialize<'de> + Alternatives> Deserialize<'de> for WordOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrTable<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Alternatives> Visitor<'de> for WordOrTable<T> {
            type Value = WordOr<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(T::EXPECTED)
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
                Ok(WordOr::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(WordOr::Table)
            }
        }

        deserializer.deserialize_any(WordOrTable(PhantomData))
    }
}

impl<'de> Deserialize<'de> for AttemptsData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrWord;

        impl Visitor<'_> for NumberOrWord {
            type Value = AttemptsData;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of attempts up to 4294967295, or \"unlimited\"")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
                Ok(AttemptsData::Word(word.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                u32::try_from(number)
                    .map(AttemptsData::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                u32::try_from(number)
                    .map(AttemptsData::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }
        }

        deserializer.deserialize_any(NumberOrWord)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextWithUnit;

        impl Visitor<'_> for TextWithUnit {
            type Value = DurationText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a duration in quotes with its unit, such as \"1m 30s\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(DurationText(text.to_owned()))
            }
        }

        deserializer.deserialize_str(TextWithUnit)
    }
}
