//! The keys of `#[retry(…)]`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Expr, Ident, Path, Result, Token, Type};

use super::backoff::backoff;
use super::keys::{Scope, keys};
use super::lint::lints;
use super::value::{count, drain, expression, jitter, list, lone_word, time, value};
use crate::errors::Errors;
use crate::grammar::{self, KEYS, REFUSED, REFUSED_ALONE, RULE, SYNONYMS, Word};
use crate::model::{Config, Form, Keyed, OwnRule, RetryAfter, Rule};
use crate::suggest::suggestion;

/// What `#[retry(…)]` has on its own.
pub(crate) const ATTRIBUTE: Scope = Scope {
    table: KEYS,
    also: &[],
    example: "attempts = 5",
    synonyms: SYNONYMS,
    refused: REFUSED,
    elsewhere: REFUSED_ALONE,
};

const CLASS_RULE: Scope = Scope {
    table: RULE,
    also: &[],
    example: "attempts = 3",
    synonyms: SYNONYMS,
    refused: &[],
    elsewhere: &[],
};

/// Reads the whole attribute; what is wrong goes to `errors`, the rest is in the result.
pub(crate) fn attribute(arguments: TokenStream, errors: &mut Errors) -> Config {
    let mut config = Config::default();
    let parse = |input: ParseStream<'_>| {
        config = config_in(&ATTRIBUTE, input, errors, &mut |_, _, _, _| Ok(()));
        Ok(())
    };
    if let Err(error) = parse.parse2(arguments) {
        errors.push(error);
    }
    config
}

/// Reads the keys up to the end of `input`; what `scope` has besides those of `#[retry(…)]` goes to `other`.
pub(crate) fn config_in(
    scope: &Scope,
    input: ParseStream<'_>,
    errors: &mut Errors,
    other: &mut dyn FnMut(&'static Word, &Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> Config {
    let mut config = Config::default();
    let failed = keys(input, scope, errors, &mut |word, key, input, errors| {
        config.written.push(key.clone());
        if scope.also.iter().any(|also| also.name == word.name) {
            other(word, key, input, errors)
        } else {
            read(word, key, input, &mut config, errors)
        }
    });
    config.failed.extend(failed);
    config
}

fn read(
    word: &'static Word,
    key: &Ident,
    input: ParseStream<'_>,
    config: &mut Config,
    errors: &mut Errors,
) -> Result<()> {
    let example = word.example;
    if let Some(slot) = plain(config, word.name) {
        put(slot, key, value(key, example, input, expression)?);
        return Ok(());
    }
    match word.name {
        "attempts" => put(
            &mut config.attempts,
            key,
            value(key, example, input, |input| count(key, true, input))?,
        ),
        "deadline" => put(&mut config.deadline, key, value(key, example, input, time)?),
        "attempt_timeout" => put(
            &mut config.attempt_timeout,
            key,
            value(key, example, input, time)?,
        ),
        "backoff" => put(
            &mut config.backoff,
            key,
            value(key, example, input, |input| backoff(input, errors))?,
        ),
        "jitter" => put(&mut config.jitter, key, value(key, example, input, jitter)?),
        "retry_after" => put(
            &mut config.retry_after,
            key,
            value(key, example, input, retry_after)?,
        ),
        "retry_after_max" => put(
            &mut config.retry_after_max,
            key,
            value(key, example, input, time)?,
        ),
        "returns" => put(
            &mut config.returns,
            key,
            value(key, example, input, returns)?,
        ),
        "clone" => {
            config.clone = list(key, example, input, |input| arguments(key, example, input))?;
        }
        "carry" => {
            config.carry = list(key, example, input, |input| arguments(key, example, input))?;
        }
        "allow" => {
            config.allow = list(key, example, input, |input| {
                lints(key, example, input, errors)
            })?;
        }
        "crate" => config.runtime = Some(value(key, example, input, runtime)?),
        _ => config.rules.push(Keyed {
            key: key.clone(),
            value: rule(key, example, input, errors)?,
        }),
    }
    Ok(())
}

/// Where the value of a key belongs that is any expression.
fn plain<'c>(config: &'c mut Config, name: &str) -> Option<&'c mut Option<Keyed<Expr>>> {
    Some(match name {
        "policy" => &mut config.policy,
        "classify" => &mut config.classify,
        "retry_if" => &mut config.retry_if,
        "retry_until" => &mut config.retry_until,
        "classify_value" => &mut config.classify_value,
        "breaker" => &mut config.breaker,
        "budget" => &mut config.budget,
        "bulkhead" => &mut config.bulkhead,
        "abort" => &mut config.abort,
        "observe" => &mut config.observe,
        "on_retry" => &mut config.on_retry,
        "on_giving_up" => &mut config.on_giving_up,
        "on_stop" => &mut config.on_stop,
        "fallback" => &mut config.fallback,
        "timeline" => &mut config.timeline,
        "operation" => &mut config.operation,
        _ => return None,
    })
}

fn put<T>(slot: &mut Option<Keyed<T>>, key: &Ident, value: T) {
    *slot = Some(Keyed {
        key: key.clone(),
        value,
    });
}

/// `rate_limit(attempts = 3, backoff = fixed("5s"))` or `rate_limit = never`.
fn rule(key: &Ident, example: &str, input: ParseStream<'_>, errors: &mut Errors) -> Result<Rule> {
    let advice = format!("write `{key} = never` or `{key}(attempts = 3)`");
    if input.peek(Token![=]) {
        let never = value(key, example, input, |input| {
            let word = lone_word(input).filter(|word| word == "never");
            let Some(word) = word else {
                return Err(input.error(format!("expected `never`; {advice}")));
            };
            input.parse::<Ident>()?;
            Ok(word)
        })?;
        return Ok(Rule::Never(never));
    }
    if !input.peek(syn::token::Paren) {
        let message = format!("`{key}` needs a rule; {advice}");
        return Err(if input.is_empty() || input.peek(Token![,]) {
            Error::new(key.span(), message)
        } else {
            input.error(message)
        });
    }
    let content;
    syn::parenthesized!(content in input);
    if content.is_empty() {
        return Err(Error::new(
            key.span(),
            format!("the rule of `{key}` says nothing; {advice}"),
        ));
    }
    let (mut attempts, mut own) = (None, None);
    if let Some(word) = lone_word(&content).filter(|word| word == "never") {
        drain(&content);
        return Err(Error::new(
            word.span(),
            format!("`never` stands behind `=`; write `{key} = never`"),
        ));
    }
    keys(
        &content,
        &CLASS_RULE,
        errors,
        &mut |word, inner, input, errors| {
            if word.name == "attempts" {
                let cap = value(inner, word.example, input, |input| {
                    count(inner, false, input)
                })?;
                put(&mut attempts, inner, cap);
            } else {
                let delays = value(inner, word.example, input, |input| backoff(input, errors))?;
                put(&mut own, inner, delays);
            }
            Ok(())
        },
    );
    Ok(Rule::Own(Box::new(OwnRule {
        attempts,
        backoff: own,
    })))
}

fn returns(input: ParseStream<'_>) -> Result<Form> {
    let advice = "write `returns = outcome`, or remove it for the result";
    let Some(word) = lone_word(input) else {
        // A type has commas of its own.
        let other: Type = input.parse()?;
        return Err(Error::new_spanned(
            other,
            format!("expected `outcome`; {advice}"),
        ));
    };
    let form = match word.to_string().as_str() {
        "outcome" => Form::Outcome,
        "result" => Form::Result,
        written => {
            return Err(Error::new(
                word.span(),
                format!(
                    "unknown value `{written}` of `returns`; {}",
                    suggestion(written, "values", &["outcome", "result"])
                ),
            ));
        }
    };
    input.parse::<Ident>()?;
    Ok(form)
}

fn retry_after(input: ParseStream<'_>) -> Result<RetryAfter> {
    let Some(word) = lone_word(input) else {
        let expression = expression(input)?;
        if matches!(expression, Expr::Lit(_)) {
            return Err(Error::new_spanned(
                &expression,
                "`retry_after` is `honor` or `ignore`; to limit a hint, write `retry_after_max = \"1m\"`",
            ));
        }
        return Ok(RetryAfter::Expression(expression));
    };
    let written = word.to_string();
    let known = match written.as_str() {
        "honor" => RetryAfter::Honor(word),
        "ignore" => RetryAfter::Ignore(word),
        _ => {
            return Err(Error::new(
                word.span(),
                format!(
                    "unknown value `{written}` of `retry_after`; {}",
                    suggestion(&written, "values", &["honor", "ignore"])
                ),
            ));
        }
    };
    input.parse::<Ident>()?;
    Ok(known)
}

/// The names in `clone(a, b)`.
fn arguments(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<Vec<Ident>> {
    if input.is_empty() {
        return Err(Error::new(
            key.span(),
            format!("`{key}` names no argument; write for example `{example}`"),
        ));
    }
    let mut names = Vec::new();
    while !input.is_empty() {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format!(
                "expected the name of an argument; write for example `{example}`"
            )));
        }
        names.push(input.call(Ident::parse_any)?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(names)
}

/// A path that means the same everywhere.
pub(crate) fn runtime(input: ParseStream<'_>) -> Result<Path> {
    let path = match input.call(Path::parse_mod_style) {
        Ok(path) => path,
        Err(error) => {
            return Err(Error::new(
                error.span(),
                format!(
                    "`crate` is a path; write for example `{}`",
                    grammar::example(KEYS, "crate")
                ),
            ));
        }
    };
    let absolute = path.leading_colon.is_some()
        || path
            .segments
            .first()
            .is_some_and(|first| first.ident == "crate" || first.ident == "$crate");
    if absolute {
        return Ok(path);
    }
    let text = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect::<Vec<_>>()
        .join("::");
    Err(Error::new_spanned(
        &path,
        format!("the path behind `crate` must be absolute; write `crate = ::{text}`"),
    ))
}
