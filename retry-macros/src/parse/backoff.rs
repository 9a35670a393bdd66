//! `none`, `fixed("1s")`, `exponential("100ms", max = "10s")` and the like.

use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::token::Paren;
use syn::{Error, Ident, Result, Token};

use super::keys::{Scope, keys, resynchronise};
use super::value;
use crate::errors::Errors;
use crate::grammar::{self, BACKOFFS, First, Kind, MODIFIER_SYNONYMS, MODIFIERS};
use crate::model::{Backoff, Keyed, KnownBackoff};
use crate::suggest::{closest, list, suggestion};

const NAMED: Scope = Scope {
    table: MODIFIERS,
    also: &[],
    example: "max = \"10s\"",
    synonyms: MODIFIER_SYNONYMS,
    refused: &[],
    elsewhere: &[],
};

/// A backoff in the attribute's own words, or an expression of type `Backoff`.
pub(super) fn backoff(input: ParseStream<'_>, errors: &mut Errors) -> Result<Backoff> {
    let names: Vec<&str> = BACKOFFS.iter().map(|kind| kind.word.name).collect();
    if let Some(word) = value::lone_word(input) {
        let written = word.to_string();
        let Some(kind) = find(&written) else {
            return Err(Error::new(
                word.span(),
                format!(
                    "unknown backoff `{written}`; {}",
                    suggestion(&written, "backoffs", &names)
                ),
            ));
        };
        if kind.first != First::Nothing {
            return Err(Error::new(word.span(), lacks(kind)));
        }
        let name = input.parse()?;
        return Ok(Backoff::Known(Box::new(empty(kind, name))));
    }
    let ahead = input.fork();
    if let Some(word) = ahead.parse::<Ident>().ok().filter(|_| ahead.peek(Paren)) {
        let written = word.to_string();
        if let Some(kind) = find(&written) {
            return known(kind, input, errors).map(|known| Backoff::Known(Box::new(known)));
        }
        if let Some(name) = closest(&written, &names) {
            return Err(Error::new(
                word.span(),
                format!("unknown backoff `{written}`; did you mean `{name}`?"),
            ));
        }
    }
    if ahead.peek(Token![=]) {
        // `backoff = max = "1s"` would parse as an assignment.
        return Err(input.error("expected a backoff; write for example `fixed(\"1s\")`"));
    }
    let expression = value::expression(input)?;
    if let syn::Expr::Lit(literal) = &expression {
        let advice = match &literal.lit {
            syn::Lit::Str(text) => format!("`fixed(\"{}\")`", text.value()),
            _ => "`fixed(\"1s\")`".to_owned(),
        };
        return Err(Error::new_spanned(
            &expression,
            format!("a backoff needs its kind; write for example {advice}"),
        ));
    }
    Ok(Backoff::Expression(Box::new(expression)))
}

fn find(name: &str) -> Option<&'static Kind> {
    BACKOFFS.iter().find(|kind| kind.word.name == name)
}

fn lacks(kind: &Kind) -> String {
    let name = kind.word.name;
    let what = match kind.first {
        First::Function => "a function",
        First::Delays => "its delays",
        First::Delay | First::Nothing => "a delay",
    };
    let example = match kind.first {
        First::Delay => format!("{name}(\"100ms\")"),
        _ => kind.word.example.to_owned(),
    };
    format!("`{name}` needs {what}; write `{example}`")
}

fn empty(kind: &'static Kind, name: Ident) -> KnownBackoff {
    KnownBackoff {
        kind,
        name,
        delays: Vec::new(),
        function: None,
        max: None,
        min: None,
        factor: None,
        jitter: None,
    }
}

fn known(kind: &'static Kind, input: ParseStream<'_>, errors: &mut Errors) -> Result<KnownBackoff> {
    let name: Ident = input.parse()?;
    let content;
    syn::parenthesized!(content in input);
    if kind.first == First::Nothing {
        value::drain(&content);
        return Err(Error::new(
            name.span(),
            format!("`{name}` takes nothing in parentheses; write `{name}`"),
        ));
    }
    let mut backoff = empty(kind, name.clone());
    let mut wrong = Errors::default();
    positional(&content, &mut backoff, &mut wrong);
    modifiers(&content, &mut backoff, &mut wrong);
    let complete = wrong.is_empty();
    if let Err(error) = wrong.finish() {
        errors.push(error);
    }
    if complete && backoff.delays.is_empty() && backoff.function.is_none() {
        return Err(Error::new(
            name.span(),
            if kind.first == First::Delays {
                format!(
                    "an empty schedule gives no delay; write `{}`",
                    kind.word.example
                )
            } else {
                lacks(kind)
            },
        ));
    }
    if input.peek(Token![.]) {
        let error = input.error(format!(
            "`{name}(…)` is not an expression here; write its modifiers in the parentheses, as in `exponential(\"100ms\", max = \"10s\")`"
        ));
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<proc_macro2::TokenTree>()?;
        }
        return Err(error);
    }
    Ok(backoff)
}

/// Reads the values without a name.
fn positional(input: ParseStream<'_>, backoff: &mut KnownBackoff, errors: &mut Errors) {
    while !input.is_empty() && !is_named(input) {
        let result = if backoff.kind.first == First::Function {
            value::expression(input).map(|function| {
                let second = backoff.function.is_some();
                if second {
                    errors.at(&function, "`custom` takes one function; remove this one");
                } else {
                    backoff.function = Some(function);
                }
            })
        } else {
            value::time(input).map(|delay| {
                if backoff.kind.first == First::Delay && !backoff.delays.is_empty() {
                    let name = backoff.kind.word.name;
                    let advice = if name == "fixed" {
                        "write `schedule(\"1s\", \"5s\")` for several"
                    } else {
                        "name the other, as in `max = \"10s\"`"
                    };
                    errors.at(&delay, format!("`{name}` takes one delay; {advice}"));
                } else {
                    backoff.delays.push(delay);
                }
            })
        };
        if let Err(error) = result {
            errors.push(
                if input.is_empty() && error.to_string().starts_with("unexpected end") {
                    Error::new(backoff.name.span(), lacks(backoff.kind))
                } else {
                    error
                },
            );
            resynchronise(input, &NAMED);
            continue;
        }
        if input.is_empty() || input.parse::<Token![,]>().is_ok() {
            continue;
        }
        if is_named(input) {
            errors.push(input.error("expected `,` before this key"));
        } else {
            errors.push(input.error("expected `,` after the value"));
            resynchronise(input, &NAMED);
        }
    }
}

/// Whether a `key = value` comes next, or a key whose value was forgotten.
fn is_named(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let Ok(word) = ahead.call(Ident::parse_any) else {
        return false;
    };
    let assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    let forgotten = (ahead.is_empty() || ahead.peek(Token![,]))
        && grammar::names(MODIFIERS).iter().any(|name| word == name);
    assigned || forgotten
}

fn modifiers(input: ParseStream<'_>, backoff: &mut KnownBackoff, errors: &mut Errors) {
    let kind = backoff.kind;
    keys(input, &NAMED, errors, &mut |word, key, input, errors| {
        let name = kind.word.name;
        if !kind.modifiers.contains(&word.name) {
            errors.at(
                key,
                if kind.modifiers.is_empty() {
                    format!("`{name}` has no use for `{key}`; remove it")
                } else {
                    format!(
                        "`{name}` has no use for `{key}`; it takes {}",
                        list(kind.modifiers)
                    )
                },
            );
        }
        match word.name {
            "max" => {
                let value = value::value(key, word.example, input, value::time)?;
                backoff.max = Some(keyed(key, value));
            }
            "min" => {
                let value = value::value(key, word.example, input, value::time)?;
                backoff.min = Some(keyed(key, value));
            }
            "factor" => {
                let value = value::value(key, word.example, input, |input| {
                    value::number(key, word.example, input)
                })?;
                backoff.factor = Some(keyed(key, value));
            }
            _ => {
                let value = value::value(key, word.example, input, value::jitter)?;
                backoff.jitter = Some(keyed(key, value));
            }
        }
        Ok(())
    });
}

fn keyed<T>(key: &Ident, value: T) -> Keyed<T> {
    Keyed {
        key: key.clone(),
        value,
    }
}
