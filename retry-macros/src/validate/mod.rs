//! What can only be seen with several things in view: a value and its range, two keys, the keys and the function.

mod answers;
mod arguments;
mod attempt;
mod backoff;
mod behaviour;
mod borrows;
mod effect;
mod ending;
mod policy;
mod shape;

pub(crate) use arguments::{Binding, bindings, take_mut};
pub(crate) use effect::{Idle, hints, idle};
pub(crate) use shape::holds_impl;

use crate::errors::Errors;
use crate::model::{Config, Function};

/// Checks the keys for themselves.
pub(crate) fn config(config: &Config, errors: &mut Errors) {
    policy::counts(config, errors);
    policy::times(config, errors);
    policy::retry_after(config, errors);
    policy::jitter(config, errors);
    backoff::every(config, errors);
    policy::last_attempt(config, errors);
    behaviour::values(config, errors);
    behaviour::operation(config, errors);
    behaviour::guards(config, errors);
    behaviour::hooks(config, errors);
    ending::outcome(config, errors);
    ending::timeline(config, errors);
    effect::verdicts(config, errors);
}

/// Why nothing about this function can be retried.
pub(crate) fn output(function: &Function, errors: &mut Errors) {
    shape::output(function, errors);
}

/// Checks the function, and what the keys ask of it.
pub(crate) fn function(config: &Config, function: &Function, errors: &mut Errors) {
    shape::modifiers(function, errors);
    shape::other_attributes(function, errors);
    shape::output(function, errors);
    shape::timeout(config, function, errors);
    borrows::returned(function, errors);
    attempt::marked(function, errors);
    ending::fallback(config, function, errors);
    ending::outcome_of(config, function, errors);
    arguments::named(config, function, errors);
    arguments::undecided(config, function, errors);
}
