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

/// The place of a span among the spans, kept with the span: the registry uses its own numbers again.
#[derive(Clone, Copy)]
struct Place(usize);

fn place<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> usize {
    let Place(place) = *span.extensions().get().expect("every span has its place");
    place
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorded {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("a new span");
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let spans = &mut self.lock().spans;
        span.extensions_mut().insert(Place(spans.len()));
        spans.push(RecordedSpan {
            name: span.name(),
            level: *span.metadata().level(),
            parent: span.parent().as_ref().map(place),
            fields,
            closed: false,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = place(&context.span(id).expect("a span that is open"));
        values.record(&mut self.lock().spans[span].fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let span = context.event_span(event).as_ref().map(place);
        let metadata = event.metadata();
        self.lock().events.push(RecordedEvent {
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            span,
            fields,
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = place(&context.span(&id).expect("a span that closes"));
        self.lock().spans[span].closed = true;
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
