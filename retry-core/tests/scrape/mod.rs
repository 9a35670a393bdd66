//! What a real Prometheus exporter serves, read by a parser that takes nothing but the text format.

#![allow(dead_code, unreachable_pub)] // each test binary uses its part of this module

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

/// In order of their names.
pub type Labels = BTreeMap<String, String>;

/// All that is served at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    pub families: BTreeMap<String, Family>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    pub help: String,
    pub kind: String,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The family's, with `_bucket`, `_sum` or `_count` in a histogram.
    pub name: String,
    pub labels: Labels,
    pub value: f64,
}

/// An exporter of histograms with few buckets, the same for all.
pub fn exporter() -> PrometheusBuilder {
    let attempts = Matcher::Suffix("attempts_per_call".into());
    PrometheusBuilder::new()
        .set_buckets_for_metric(attempts, &[0.0, 1.0, 2.0, 3.0])
        .and_then(|exporter| {
            let seconds = Matcher::Suffix("_seconds".into());
            exporter.set_buckets_for_metric(seconds, &[0.0, 0.25, 1.0, 4.0])
        })
        .expect("there are buckets")
}

/// An exporter that serves nobody else.
pub fn recorder() -> PrometheusRecorder {
    exporter().build_recorder()
}

/// What it would serve now.
pub fn scrape(recorder: &PrometheusRecorder) -> Scrape {
    Scrape::parse(&recorder.handle().render())
}

pub fn labels(labels: &[(&str, &str)]) -> Labels {
    let labels = labels.iter();
    labels
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Scrape {
    /// Panics if it is not as Prometheus wants it.
    pub fn parse(text: &str) -> Self {
        let mut scrape = Self::default();
        let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            let (name, help) = comment("HELP", line).unwrap_or_else(|| panic!("no help: {line}"));
            let kind = lines.next().and_then(|line| comment("TYPE", line));
            let (of, kind) = kind.unwrap_or_else(|| panic!("no type of {name}"));
            assert_eq!(of, name, "the type follows the help of the same");
            let mut family = Family {
                help: help.to_owned(),
                kind: kind.to_owned(),
                samples: Vec::new(),
            };
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                family.samples.push(Sample::parse(line));
            }
            family.check(name);
            let before = scrape.families.insert(name.to_owned(), family);
            assert!(before.is_none(), "{name} is there twice");
        }
        scrape
    }

    /// The value of exactly this series.
    pub fn value(&self, name: &str, of: &[(&str, &str)]) -> Option<f64> {
        let of = labels(of);
        let mut samples = self.samples().filter(|sample| sample.name == name);
        samples
            .find(|sample| sample.labels == of)
            .map(|sample| sample.value)
    }

    /// The values of all series that have these labels among theirs, taken together, if there are any.
    pub fn sum(&self, name: &str, of: &[(&str, &str)]) -> Option<f64> {
        let of = labels(of);
        let samples = self.samples().filter(|sample| sample.name == name);
        let of = |sample: &&Sample| {
            of.iter()
                .all(|label| sample.labels.get_key_value(label.0) == Some(label))
        };
        samples
            .filter(of)
            .map(|sample| sample.value)
            .reduce(|a, b| a + b)
    }

    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.values().flat_map(|family| &family.samples)
    }
}

/// A comment about a metric: its name and what is said.
fn comment<'t>(keyword: &str, line: &'t str) -> Option<(&'t str, &'t str)> {
    line.strip_prefix("# ")?
        .strip_prefix(keyword)?
        .strip_prefix(' ')?
        .split_once(' ')
}

impl Family {
    fn check(&self, name: &str) {
        assert!(!self.samples.is_empty(), "nothing of {name}");
        let suffixes: &[&str] = match &self.kind[..] {
            "counter" | "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            kind => panic!("{name} is a {kind}"),
        };
        let mut series = BTreeSet::new();
        for sample in &self.samples {
            let suffix = sample.name.strip_prefix(name);
            assert!(
                suffix.is_some_and(|suffix| suffixes.contains(&suffix)),
                "{sample:?} of {name}"
            );
            assert_eq!(
                sample.labels.contains_key("le"),
                suffix == Some("_bucket"),
                "{sample:?}"
            );
            assert!(
                series.insert((&sample.name, &sample.labels)),
                "twice: {sample:?}"
            );
        }
        if self.kind == "histogram" {
            self.check_histograms();
        }
    }

    /// Buckets grow, and the last one holds all that are counted.
    fn check_histograms(&self) {
        for samples in self.samples.chunk_by(|a, b| a.base() == b.base()) {
            let [buckets @ .., sum, count] = samples else {
                panic!("an incomplete histogram: {samples:?}");
            };
            assert!(
                sum.name.ends_with("_sum") && count.name.ends_with("_count"),
                "{samples:?}"
            );
            let counts: Vec<f64> = buckets.iter().map(|bucket| bucket.value).collect();
            assert!(counts.is_sorted(), "{samples:?}");
            assert_eq!(counts.last(), Some(&count.value), "{samples:?}");
            assert_eq!(
                buckets.last().map(|bucket| &bucket.labels["le"][..]),
                Some("+Inf")
            );
        }
    }
}

impl Sample {
    fn parse(line: &str) -> Self {
        let bad = |what: &str| -> ! { panic!("{what}: {line}") };
        let end = line.find(['{', ' ']).unwrap_or_else(|| bad("no value"));
        let (name, mut rest) = line.split_at(end);
        if !is_name(name) {
            bad("not a name");
        }
        let mut labels = Labels::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            loop {
                let (name, quoted) = rest.split_once("=\"").unwrap_or_else(|| bad("no label"));
                let (value, behind) = unquote(quoted).unwrap_or_else(|| bad("no end of a value"));
                if !is_name(name)
                    || name.contains(':')
                    || labels.insert(name.to_owned(), value).is_some()
                {
                    bad("not a label, or there twice");
                }
                rest = &behind[1..];
                match behind.as_bytes()[0] {
                    b',' => {}
                    b'}' => break,
                    _ => bad("neither `,` nor `}` behind a label"),
                }
            }
        }
        let value = rest.strip_prefix(' ').and_then(|value| value.parse().ok());
        Self {
            name: name.to_owned(),
            labels,
            value: value.unwrap_or_else(|| bad("not a value")),
        }
    }

    /// The labels that it was recorded with.
    pub fn base(&self) -> Labels {
        let mut labels = self.labels.clone();
        labels.remove("le");
        labels
    }
}

/// A value up to its closing quote, and what comes behind, which is not nothing.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => {
                return Some((value, &quoted[index + 1..]))
                    .filter(|(_, behind)| !behind.is_empty());
            }
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('\\' | '"') => value.push(escaped),
                _ => return None,
            },
            character => value.push(character),
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | ':');
    !name.is_empty() && name.chars().all(allowed) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// A line for each series, in order; of a histogram, what is in its buckets.
impl fmt::Display for Scrape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, family) in &self.families {
            let Family { help, kind, .. } = family;
            writeln!(formatter, "# {name}: {kind}. {help}")?;
            let series = family.samples.chunk_by(|a, b| a.base() == b.base());
            let mut series: Vec<_> = series.map(|series| (series[0].base(), series)).collect();
            series.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (labels, samples) in series {
                let labels = labels.iter();
                let labels = labels.map(|(label, value)| format!("{label}={value:?}"));
                let labels = labels.collect::<Vec<_>>().join(", ");
                write!(formatter, "{name}{{{labels}}}")?;
                for sample in samples {
                    let suffix = sample.name.trim_start_matches(name);
                    match (suffix, sample.labels.get("le")) {
                        (_, Some(bound)) => write!(formatter, " ≤{bound}: {}", sample.value)?,
                        ("", None) => write!(formatter, " {}", sample.value)?,
                        (suffix, None) => write!(formatter, " {}: {}", &suffix[1..], sample.value)?,
                    }
                }
                formatter.write_char('\n')?;
            }
            formatter.write_char('\n')?;
        }
        Ok(())
    }
}
