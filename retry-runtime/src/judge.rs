//! How a call's behaviours look at the user's types: errors, values, and stops that have to become errors.
//!
//! These are the only parts that are generic over them; what they find out goes to the engine as plain data.

use std::fmt;

use crate::class::{Cause, Classification, Classify, ErrorClass};
use crate::engine::Failure;
use crate::outcome::Stopped;

/// What becomes of an error.
pub trait JudgeError<E> {
    #[doc(hidden)]
    fn judge(&self, error: &E) -> Judgement;
}

/// An error's class, and whether `retry_if` refused it.
#[derive(Clone, Copy, Debug)]
pub struct Judgement {
    classification: Classification,
    refused: bool,
}

impl Judgement {
    const fn accepted(classification: Classification) -> Self {
        Self {
            classification,
            refused: false,
        }
    }

    pub(crate) const fn into_failure(self, cause: Cause) -> Failure {
        Failure {
            classification: self.classification,
            cause,
            refused: self.refused,
            cut_by_deadline: false,
        }
    }
}

/// How errors are classified, filtered and described.
#[derive(Clone, Copy, Debug)]
pub struct Errors<C, F, X> {
    /// `ByTrait` or `Classified`.
    pub classify: C,
    /// `NoFilter` or `Filtered`.
    pub filter: F,
    /// `Undescribed`, `Explored` or `Described`.
    pub text: X,
}

/// By the error's own [`Classify`]; not asked if there is a filter, which then replaces classification.
#[derive(Clone, Copy, Debug)]
pub struct ByTrait;

/// By a function.
#[derive(Clone, Copy, Debug)]
pub struct Classified<C>(pub C);

/// Every error may be retried if its class allows.
#[derive(Clone, Copy, Debug)]
pub struct NoFilter;

/// Only errors for which the function is true.
#[derive(Clone, Copy, Debug)]
pub struct Filtered<F>(pub F);

impl<E: Classify, X> JudgeError<E> for Errors<ByTrait, NoFilter, X> {
    #[inline]
    fn judge(&self, error: &E) -> Judgement {
        Judgement::accepted(error.classify())
    }
}

impl<E, F, X> JudgeError<E> for Errors<ByTrait, Filtered<F>, X>
where
    F: Fn(&E) -> bool,
{
    #[inline]
    fn judge(&self, error: &E) -> Judgement {
        let refused = !(self.filter.0)(error);
        let class = if refused {
            ErrorClass::Permanent
        } else {
            ErrorClass::Transient
        };
        Judgement {
            classification: Classification::new(class),
            refused,
        }
    }
}

impl<E, C, K, X> JudgeError<E> for Errors<Classified<C>, NoFilter, X>
where
    C: Fn(&E) -> K,
    K: Into<Classification>,
{
    #[inline]
    fn judge(&self, error: &E) -> Judgement {
        Judgement::accepted((self.classify.0)(error).into())
    }
}

impl<E, C, K, F, X> JudgeError<E> for Errors<Classified<C>, Filtered<F>, X>
where
    C: Fn(&E) -> K,
    K: Into<Classification>,
    F: Fn(&E) -> bool,
{
    #[inline]
    fn judge(&self, error: &E) -> Judgement {
        Judgement {
            classification: (self.classify.0)(error).into(),
            refused: !(self.filter.0)(error),
        }
    }
}

/// What is known about an error besides its class.
#[derive(Clone, Copy, Default)]
pub struct Known<'a> {
    /// What it says, if anybody knows.
    pub text: Option<&'a dyn fmt::Display>,
    /// A circuit was open, so that another attempt is in vain whatever the class.
    pub met_open_circuit: bool,
}

/// Where an error's text comes from.
pub trait DescribeError<E> {
    #[doc(hidden)]
    fn describe<R>(&self, error: &E, receive: impl FnOnce(Known<'_>) -> R) -> R;
}

/// Nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Undescribed;

/// A function that finds out what the error's type has to say.
#[derive(Clone, Copy, Debug)]
pub struct Explored<D>(pub D);

/// A function that writes it.
#[derive(Clone, Copy, Debug)]
pub struct Described<D>(pub D);

impl<E> DescribeError<E> for Undescribed {
    #[inline]
    fn describe<R>(&self, _: &E, receive: impl FnOnce(Known<'_>) -> R) -> R {
        receive(Known::default())
    }
}

impl<E, D: Fn(&E) -> Known<'_>> DescribeError<E> for Explored<D> {
    #[inline]
    fn describe<R>(&self, error: &E, receive: impl FnOnce(Known<'_>) -> R) -> R {
        receive((self.0)(error))
    }
}

impl<E, D: Fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result> DescribeError<E> for Described<D> {
    #[inline]
    fn describe<R>(&self, error: &E, receive: impl FnOnce(Known<'_>) -> R) -> R {
        receive(Known {
            text: Some(&Text {
                error,
                describe: &self.0,
            }),
            met_open_circuit: false,
        })
    }
}

impl<E, C, F, X: DescribeError<E>> DescribeError<E> for Errors<C, F, X> {
    #[inline]
    fn describe<R>(&self, error: &E, receive: impl FnOnce(Known<'_>) -> R) -> R {
        self.text.describe(error, receive)
    }
}

struct Text<'a, E, D> {
    error: &'a E,
    describe: &'a D,
}

impl<E, D: Fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Text<'_, E, D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.describe)(self.error, formatter)
    }
}

/// Which values are not acceptable.
pub trait JudgeValue<T> {
    #[doc(hidden)]
    const RULED: bool;

    #[doc(hidden)]
    fn judge(&self, value: &T) -> Option<Classification>;
}

/// Every value will do.
#[derive(Clone, Copy, Debug)]
pub struct AnyValue;

/// Those for which the function is true; the others are transient failures.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<F>(pub F);

/// Those for which the function gives no classification.
#[derive(Clone, Copy, Debug)]
pub struct Judged<F>(pub F);

impl<T> JudgeValue<T> for AnyValue {
    const RULED: bool = false;

    #[inline]
    fn judge(&self, _: &T) -> Option<Classification> {
        None
    }
}

impl<T, F: Fn(&T) -> bool> JudgeValue<T> for Accepted<F> {
    const RULED: bool = true;

    #[inline]
    fn judge(&self, value: &T) -> Option<Classification> {
        (!(self.0)(value)).then_some(Classification::new(ErrorClass::Transient))
    }
}

impl<T, F: Fn(&T) -> Option<Classification>> JudgeValue<T> for Judged<F> {
    const RULED: bool = true;

    #[inline]
    fn judge(&self, value: &T) -> Option<Classification> {
        (self.0)(value)
    }
}

/// How a stop without an error becomes one.
pub trait ConvertStop<E> {
    #[doc(hidden)]
    fn convert(&self, stopped: Stopped) -> E;
}

/// By `E: From<Stopped>`.
#[derive(Clone, Copy, Debug)]
pub struct ByFrom;

/// By a function.
#[derive(Clone, Copy, Debug)]
pub struct Converted<F>(pub F);

/// Never: nothing about the call can stop it without an error.
#[derive(Clone, Copy, Debug)]
pub struct NeverStops;

impl<E: From<Stopped>> ConvertStop<E> for ByFrom {
    fn convert(&self, stopped: Stopped) -> E {
        E::from(stopped)
    }
}

impl<E, F: Fn(Stopped) -> E> ConvertStop<E> for Converted<F> {
    fn convert(&self, stopped: Stopped) -> E {
        (self.0)(stopped)
    }
}

impl<E> ConvertStop<E> for NeverStops {
    fn convert(&self, stopped: Stopped) -> E {
        unreachable!(
            "a call without attempt timeout, value rule, abort and guards ends with its own error, but this one ended so: {stopped}"
        )
    }
}
