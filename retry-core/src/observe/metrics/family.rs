//! A metric and its series.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit,
};

use crate::guard::Identity;

const METADATA: Metadata<'static> = Metadata::new("retry_core", Level::INFO, Some(module_path!()));

/// The series of one metric: counters, gauges or histograms, which `N` labels tell apart. Every series has a value for each of them.
pub(super) struct Family<K, const N: usize> {
    name: KeyName,
    labels: [&'static str; N],
    unit: Unit,
    description: &'static str,
    /// The keys of the series whose values the source of the program has, of which there are so many and no more: made once.
    keys: RwLock<HashMap<[&'static str; N], Key>>,
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
            keys: RwLock::default(),
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

    /// The series with these values, at the recorder of the moment.
    pub(super) fn of(&self, values: [&'static str; N]) -> K {
        register(&self.known(values))
    }

    fn known(&self, values: [&'static str; N]) -> Key {
        // No lock is held while the recorder, which is somebody else's, is at work.
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(&values) {
            return key.clone();
        }
        drop(keys);
        let key = self.key(values.map(SharedString::const_str)).to_retained();
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.entry(values).or_insert(key).clone()
    }

    fn key(&self, values: [SharedString; N]) -> Key {
        let labels = self.labels.into_iter().zip(values);
        let labels: Vec<Label> = labels
            .map(|(label, value)| Label::new(label, value))
            .collect();
        Key::from_parts(self.name.clone(), labels)
    }
}

// A guard's name that is made while the program runs is not kept: there may be any number of them.

impl<K: Kind> Family<K, 1> {
    /// The series of a guard, at the recorder of the moment.
    pub(super) fn of_guard(&self, guard: &Identity) -> K {
        match guard.name_in_source() {
            Some(name) => self.of([name]),
            None => register(&self.key([made(guard)])),
        }
    }
}

impl<K: Kind> Family<K, 2> {
    /// The series of a guard with another value, at the recorder of the moment.
    pub(super) fn of_guard(&self, guard: &Identity, value: &'static str) -> K {
        match guard.name_in_source() {
            Some(name) => self.of([name, value]),
            None => register(&self.key([made(guard), value.into()])),
        }
    }
}

fn made(guard: &Identity) -> SharedString {
    guard.name().to_owned().into()
}

fn register<K: Kind>(key: &Key) -> K {
    metrics::with_recorder(|recorder| K::register(recorder, key))
}
