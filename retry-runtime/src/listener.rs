//! Who is told of the events of one call: its observers, and the closures that want to know of some events only.

use crate::event::{Event, EventKind, Observer, notify, survive};

/// Somebody who is told what happens in one call.
///
/// Unlike an [`Observer`](crate::Observer), which threads share, a listener is borrowed only while it is told something: it may have what is
/// neither `Send` nor `Sync`.
pub trait Listener {
    #[doc(hidden)]
    fn hear(&self, event: &Event<'_>);
}

/// Told of everything.
#[derive(Clone, Copy)]
pub struct ByObserver<'a>(pub(crate) &'a dyn Observer);

/// Told of each retry.
#[derive(Clone, Copy)]
pub struct OnRetry<F>(pub(crate) F);

/// Told once when the call ends without success.
#[derive(Clone, Copy)]
pub struct OnGivingUp<F>(pub(crate) F);

impl Listener for ByObserver<'_> {
    fn hear(&self, event: &Event<'_>) {
        notify(self.0, event);
    }
}

impl<F: Fn(&Event<'_>)> Listener for OnRetry<F> {
    fn hear(&self, event: &Event<'_>) {
        if event.kind == EventKind::Retry {
            survive(|| self.0(event));
        }
    }
}

impl<F: Fn(&Event<'_>)> Listener for OnGivingUp<F> {
    fn hear(&self, event: &Event<'_>) {
        if event.kind.is_terminal() && event.kind != EventKind::Success {
            survive(|| self.0(event));
        }
    }
}

impl<A: Listener, B: Listener> Listener for (A, B) {
    fn hear(&self, event: &Event<'_>) {
        self.0.hear(event);
        self.1.hear(event);
    }
}
