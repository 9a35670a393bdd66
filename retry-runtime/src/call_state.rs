//! What observers keep for a call, from one event to the next.

use std::any::{Any, TypeId, type_name};
use std::cell::RefCell;
use std::ptr;

use crate::event::survive;

/// The states of one call. Few calls have more than one.
#[derive(Default)]
pub(crate) struct CallStates(RefCell<Vec<Kept>>);

struct Kept {
    owner: Owner,
    state: Fragile<Box<dyn Any + Send>>,
}

/// Who keeps it. One address may be that of several observers of different types: of a pair and of its first, or of all that have no size.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Owner {
    address: usize,
    state: TypeId,
    /// Its type's name, as a type that borrows has no id.
    observer: &'static str,
}

/// What is an observer's: a panic when it is dropped is nothing to the call, even if the observer or the operation is panicking already.
struct Fragile<S>(Option<S>);

impl<S> Drop for Fragile<S> {
    fn drop(&mut self) {
        if let Some(state) = self.0.take() {
            survive(|| drop(state));
        }
    }
}

impl CallStates {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The state is outside of the list meanwhile: nothing is borrowed while the observer's code runs, and what it panics over is dropped.
    pub(crate) fn with<O: ?Sized, S: Send + 'static, R>(
        &self,
        observer: &O,
        use_state: impl FnOnce(&mut Option<S>) -> R,
    ) -> R {
        let owner = Owner {
            address: ptr::from_ref(observer).cast::<()>().addr(),
            state: TypeId::of::<S>(),
            observer: type_name::<O>(),
        };
        let mut kept = self.take(owner);
        let slot = kept
            .as_mut()
            .and_then(|kept| kept.0.as_mut()?.downcast_mut::<Fragile<S>>());
        let mut fresh = Fragile(None);
        let slot = slot.unwrap_or(&mut fresh);
        let result = use_state(&mut slot.0);
        if slot.0.is_some() {
            let state = kept.unwrap_or_else(|| Fragile(Some(Box::new(fresh))));
            // What the observer's own code has put there meanwhile is older.
            drop(self.take(owner));
            self.0.borrow_mut().push(Kept { owner, state });
        }
        result
    }

    fn take(&self, owner: Owner) -> Option<Fragile<Box<dyn Any + Send>>> {
        let mut states = self.0.borrow_mut();
        let place = states.iter().position(|kept| kept.owner == owner)?;
        Some(states.swap_remove(place).state)
    }
}
