//! The policy as calls of its `const` builder, each at the value it comes from, so that the compiler blames that value.

use std::time::Duration;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Ident};

use super::span::Place;
use crate::grammar::First;
use crate::model::{
    Backoff, Config, Count, Jitter, Keyed, KnownBackoff, Number, OwnRule, RetryAfter, Rule, Time,
};

pub(super) struct Builder<'a> {
    pub(super) runtime: &'a TokenStream,
}

impl Builder<'_> {
    /// `Type::function(arguments)` of the runtime, at the place of `value`.
    fn call(&self, path: &str, value: &impl ToTokens, arguments: TokenStream) -> TokenStream {
        let place = Place::of(value);
        place.call(&self.path(path), arguments)
    }

    fn path(&self, path: &str) -> TokenStream {
        let runtime = self.runtime;
        let words = path
            .split("::")
            .map(|word| Ident::new(word, Span::mixed_site()));
        quote_spanned!(Span::mixed_site()=> #runtime #(::#words)*)
    }

    /// The whole policy, checked.
    pub(super) fn policy(&self, config: &Config) -> TokenStream {
        let mut policy = match &config.policy {
            Some(start) => start.value.to_token_stream(),
            None => Place::nowhere().call(&self.path("Policy::new"), TokenStream::new()),
        };
        let mut set = |method: &str, value: &dyn ToTokens, argument: TokenStream| {
            let previous = std::mem::take(&mut policy);
            let arguments = if argument.is_empty() {
                previous
            } else {
                quote!(#previous, #argument)
            };
            policy = self.call(
                &format!("Policy::{method}"),
                &value.to_token_stream(),
                arguments,
            );
        };
        if let Some(Keyed { value, .. }) = &config.attempts {
            match value {
                Count::Unlimited(_) => set("unlimited", value, TokenStream::new()),
                Count::Literal { .. } | Count::Expression(_) => {
                    set("attempts", value, value.to_token_stream());
                }
            }
        }
        for (method, time) in [
            ("deadline", &config.deadline),
            ("attempt_timeout", &config.attempt_timeout),
        ] {
            if let Some(Keyed { value, .. }) = time {
                set(method, value, duration(value));
            }
        }
        if let Some(Keyed { key, value }) = &config.backoff {
            let place: &dyn ToTokens = match value {
                Backoff::Known(known) => &known.name,
                Backoff::Expression(expression) => expression,
            };
            let _ = key;
            set("backoff", place, self.backoff(value));
        }
        if let Some(Keyed { value, .. }) = &config.jitter {
            set("jitter", value, self.jitter(value));
        }
        for Keyed { key, value } in &config.rules {
            let class = self.class(key);
            let rule = self.rule(key, value);
            set("class", key, quote!(#class, #rule));
        }
        if let Some(Keyed { value, .. }) = &config.retry_after {
            let (place, argument): (&dyn ToTokens, _) = match value {
                RetryAfter::Honor(word) => (word, self.path("RetryAfter::Honor")),
                RetryAfter::Ignore(word) => (word, self.path("RetryAfter::Ignore")),
                RetryAfter::Expression(expression) => (expression, expression.to_token_stream()),
            };
            set("retry_after", place, argument);
        }
        if let Some(Keyed { value, .. }) = &config.retry_after_max {
            set("retry_after_max", value, duration(value));
        }
        let blamed = blamed(config);
        blamed.call(&self.path("Policy::checked"), policy)
    }

    fn class(&self, key: &Ident) -> TokenStream {
        let name = match key.to_string().as_str() {
            "transient" => "Transient",
            "server_error" => "ServerError",
            "rate_limit" => "RateLimit",
            "concurrency" => "Concurrency",
            _ => "Unknown",
        };
        Place::of(key).move_here(&self.path(&format!("ErrorClass::{name}")))
    }

    fn rule(&self, key: &Ident, rule: &Rule) -> TokenStream {
        match rule {
            Rule::Never(word) => self.call("ClassRule::never", word, TokenStream::new()),
            Rule::Own(own) => {
                let OwnRule { attempts, backoff } = &**own;
                let mut rule = self.call("ClassRule::new", key, TokenStream::new());
                if let Some(Keyed { value, .. }) = attempts {
                    rule = self.call("ClassRule::attempts", value, quote!(#rule, #value));
                }
                if let Some(Keyed { key, value }) = backoff {
                    let backoff = self.backoff(value);
                    rule = self.call("ClassRule::backoff", key, quote!(#rule, #backoff));
                }
                rule
            }
        }
    }

    fn backoff(&self, backoff: &Backoff) -> TokenStream {
        match backoff {
            Backoff::Known(known) => self.known(known),
            Backoff::Expression(expression) => expression.to_token_stream(),
        }
    }

    fn known(&self, known: &KnownBackoff) -> TokenStream {
        let arguments = match known.kind.first {
            First::Nothing => TokenStream::new(),
            First::Delay => known.delays.iter().map(duration).collect(),
            First::Delays => {
                let delays = known.delays.iter().map(duration);
                quote_spanned!(Span::mixed_site()=> const { &[#(#delays),*] })
            }
            First::Function => known.function.to_token_stream(),
        };
        let name = known.kind.word.name;
        let mut backoff = self.call(&format!("Backoff::{name}"), &known.name, arguments);
        let mut set = |method: &str, value: &dyn ToTokens, argument: TokenStream| {
            let previous = std::mem::take(&mut backoff);
            backoff = self.call(
                &format!("Backoff::{method}"),
                &value.to_token_stream(),
                quote!(#previous, #argument),
            );
        };
        if let Some(Keyed { value, .. }) = &known.factor {
            set("factor", &value.written, number(value));
        }
        if let Some(Keyed { value, .. }) = &known.max {
            set("max", value, duration(value));
        }
        if let Some(Keyed { value, .. }) = &known.min {
            set("min", value, duration(value));
        }
        if let Some(Keyed { value, .. }) = &known.jitter {
            set("jitter", value, self.jitter(value));
        }
        backoff
    }

    fn jitter(&self, jitter: &Jitter) -> TokenStream {
        match jitter {
            Jitter::Named(word) => {
                let variant = match word.to_string().as_str() {
                    "none" => "None",
                    "full" => "Full",
                    _ => "Equal",
                };
                Place::of(word).move_here(&self.path(&format!("Jitter::{variant}")))
            }
            Jitter::Spread(value) => self.call("Jitter::Spread", &value.written, number(value)),
            Jitter::Expression(expression) => expression.to_token_stream(),
        }
    }
}

/// Which value is at fault when several do not fit together.
fn blamed(config: &Config) -> Place {
    let cap = config.rules.iter().find_map(|rule| match &rule.value {
        Rule::Own(own) => own.attempts.as_ref().map(|cap| &cap.value),
        Rule::Never(_) => None,
    });
    if let Some(timeout) = &config.attempt_timeout {
        Place::of(&timeout.value)
    } else if let Some(deadline) = &config.deadline {
        Place::of(&deadline.value)
    } else if let Some(cap) = cap {
        Place::of(cap)
    } else if let Some(attempts) = &config.attempts {
        Place::of(&attempts.value)
    } else if let Some(policy) = &config.policy {
        Place::of(&policy.value)
    } else {
        Place::nowhere()
    }
}

/// A duration as the shortest call that gives it.
fn duration(time: &Time) -> TokenStream {
    let (written, value) = match time {
        Time::Literal { written, value } => (written, *value),
        Time::Expression(expression) => return expression.to_token_stream(),
    };
    let place = Place::of(written);
    let whole = |unit: Duration| {
        let (value, unit) = (value.as_nanos(), unit.as_nanos());
        (value % unit == 0)
            .then(|| u64::try_from(value / unit).ok())
            .flatten()
    };
    let (function, number) = if let Some(seconds) = whole(Duration::from_secs(1)) {
        ("from_secs", seconds)
    } else if let Some(millis) = whole(Duration::from_millis(1)) {
        ("from_millis", millis)
    } else if let Some(micros) = whole(Duration::from_micros(1)) {
        ("from_micros", micros)
    } else {
        let seconds = at(place.first, Literal::u64_unsuffixed(value.as_secs()));
        let nanos = at(place.first, Literal::u32_unsuffixed(value.subsec_nanos()));
        let function = quote_spanned!(Span::mixed_site()=> ::core::time::Duration::new);
        return place.call(&function, quote!(#seconds, #nanos));
    };
    let function = Ident::new(function, Span::mixed_site());
    let function = quote_spanned!(Span::mixed_site()=> ::core::time::Duration::#function);
    let number = at(place.first, Literal::u64_unsuffixed(number));
    place.call(&function, quote!(#number))
}

/// A number as `f64`, also where it was written without a point.
fn number(number: &Number) -> TokenStream {
    match number.value {
        Some(value) if value.is_finite() => {
            let literal = at(
                Place::of(&number.written).first,
                Literal::f64_unsuffixed(value.abs()),
            );
            if value.is_sign_negative() {
                quote!(-#literal)
            } else {
                quote!(#literal)
            }
        }
        _ => {
            let expression: &Expr = &number.written;
            expression.to_token_stream()
        }
    }
}

fn at(span: Span, mut literal: Literal) -> Literal {
    literal.set_span(span);
    literal
}
