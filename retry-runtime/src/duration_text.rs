//! Durations in configuration files: strings with a unit, such as `"250ms"` or `"1m 30s"`. For `#[serde(with = …)]`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub(crate) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// For `#[serde(serialize_with = …)]`.
#[expect(clippy::ref_option, reason = "what serde calls")]
pub(crate) fn serialize_known<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration
        .map(|duration| humantime::format_duration(duration).to_string())
        .serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(de::Error::custom)
}

/// The duration, or what is wrong with the text and how to write it.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| {
        format!(
            "\"{text}\" is not a duration ({error}): write a number with its unit, such as \"250ms\" or \"1m 30s\"."
        )
    })
}
