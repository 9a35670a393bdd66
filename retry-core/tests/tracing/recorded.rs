//! A layer that keeps which events were told in which span.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Clones share what they keep.
#[derive(Clone, Default)]
pub(crate) struct Recorded(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    /// Where among the spans those are that are open; the registry uses its numbers again.
    places: BTreeMap<u64, usize>,
    spans: Vec<RecordedSpan>,
    events: Vec<RecordedEvent>,
}

#[derive(Clone, Debug)]
pub(crate) struct RecordedSpan {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    /// Its place among the spans.
    pub(crate) parent: Option<usize>,
    pub(crate) fields: Fields,
    pub(crate) closed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct RecordedEvent {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    /// The place of its span among the spans.
    pub(crate) span: Option<usize>,
    pub(crate) fields: Fields,
}

impl Recorded {
    pub(crate) fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::registry().with(self.clone())
    }

    /// All spans, in the order in which they were opened.
    pub(crate) fn spans(&self) -> Vec<RecordedSpan> {
        self.lock().spans.clone()
    }

    pub(crate) fn events(&self) -> Vec<RecordedEvent> {
        self.lock().events.clone()
    }

    /// The stable names of the events in this span, or in none.
    pub(crate) fn events_in(&self, span: Option<usize>) -> Vec<&'static str> {
        let events = self.events().into_iter();
        let events = events.filter(|event| event.span == span);
        events.map(|event| event.name).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().expect("no panic while locked")
    }
}

impl Records {
    fn place<'a, S: LookupSpan<'a>>(&self, span: &SpanRef<'a, S>) -> usize {
        self.places[&span.id().into_u64()]
    }

    fn span(&mut self, id: &Id) -> &mut RecordedSpan {
        &mut self.spans[self.places[&id.into_u64()]]
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorded {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("a new span");
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let mut records = self.lock();
        let parent = span.parent().map(|parent| records.place(&parent));
        let place = records.spans.len();
        records.places.insert(id.into_u64(), place);
        records.spans.push(RecordedSpan {
            name: span.name(),
            level: *span.metadata().level(),
            parent,
            fields,
            closed: false,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut self.lock().span(id).fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let mut records = self.lock();
        let span = context.event_span(event).map(|span| records.place(&span));
        records.events.push(RecordedEvent {
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            span,
            fields,
        });
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let mut records = self.lock();
        records.span(&id).closed = true;
        records.places.remove(&id.into_u64());
    }
}

/// The fields of a span or an event, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// `name=value` for each field, in alphabetical order.
impl fmt::Display for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(formatter, "{space}{name}={value}")?;
        }
        Ok(())
    }
}
