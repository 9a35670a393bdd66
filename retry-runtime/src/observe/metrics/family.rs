//! A metric and its series.

use std::marker::PhantomData;
use std::sync::Arc;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit,
};

use super::keys::Kept;

const METADATA: Metadata<'static> = Metadata::new(
    "retry_core",
    Level::INFO,
    Some("retry_core::observe::metrics::family"),
);

/// The series of one metric: counters, gauges or histograms, which `N` labels tell apart. Every series has a value for each of them.
pub(super) struct Family<K, const N: usize> {
    name: KeyName,
    labels: [&'static str; N],
    unit: Unit,
    description: &'static str,
    kind: PhantomData<fn() -> K>,
}

/// What records the samples of a series.
pub(super) trait Kind: Sized {
    fn describe(recorder: &dyn Recorder, name: KeyName, unit: Unit, description: SharedString);
    fn register(recorder: &dyn Recorder, key: &Key) -> Self;
}

macro_rules! kinds {
    ($($kind:ident: $describe:ident, $register:ident;)*) => {
        $(
            impl Kind for $kind {
                fn describe(
                    recorder: &dyn Recorder,
                    name: KeyName,
                    unit: Unit,
                    description: SharedString,
                ) {
                    recorder.$describe(name, Some(unit), description);
                }

                fn register(recorder: &dyn Recorder, key: &Key) -> Self {
                    recorder.$register(key, &METADATA)
                }
            }
        )*
    };
}

kinds! {
    Counter: describe_counter, register_counter;
    Gauge: describe_gauge, register_gauge;
    Histogram: describe_histogram, register_histogram;
}

impl<K: Kind, const N: usize> Family<K, N> {
    pub(super) fn new(
        prefix: &str,
        name: &'static str,
        labels: [&'static str; N],
        unit: Unit,
        description: &'static str,
    ) -> Self {
        Self {
            name: if prefix.is_empty() {
                name.into()
            } else {
                // Shared, so that a copy is free.
                Arc::<str>::from([prefix, name].concat()).into()
            },
            labels,
            unit,
            description,
            kind: PhantomData,
        }
    }

    /// Tells the recorder of the moment what the metric is.
    pub(super) fn describe(&self) {
        metrics::with_recorder(|recorder| {
            K::describe(
                recorder,
                self.name.clone(),
                self.unit,
                self.description.into(),
            );
        });
    }

    /// The series with these values, at the recorder of the moment. Its key is kept there, if there is room.
    ///
    /// The handle is not kept: the recorder may be another next time, and one that forgets idle series would not see what an old handle records.
    pub(super) fn of(&self, kept: Option<&Kept>, values: impl FnOnce() -> [SharedString; N]) -> K {
        let key = || self.key(values());
        match kept {
            // The recorder, which is somebody else's code, is at work only once the key is there.
            Some(kept) => register(kept.get_or_init(|| key().to_retained())),
            None => register(&key()),
        }
    }

    fn key(&self, values: [SharedString; N]) -> Key {
        let labels = self.labels.into_iter().zip(values);
        let labels: Vec<Label> = labels
            .map(|(label, value)| Label::new(label, value))
            .collect();
        Key::from_parts(self.name.clone(), labels)
    }
}

fn register<K: Kind>(key: &Key) -> K {
    metrics::with_recorder(|recorder| K::register(recorder, key))
}
