//! Single values: durations, counts, numbers, jitters, expressions.

use std::time::Duration;

use quote::ToTokens as _;
use syn::parse::{Parse as _, ParseStream};
use syn::token::Paren;
use syn::{Error, Expr, Ident, Lit, Result, Token, UnOp};

use crate::grammar;
use crate::model::{Count, Jitter, Number, Time};
use crate::suggest::{closest, suggestion};

/// The value behind `key =`.
pub(crate) fn value<T>(
    key: &Ident,
    example: &str,
    input: ParseStream<'_>,
    parse: impl FnOnce(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    equals(key, example, input)?;
    parse(input)
}

fn equals(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Err(Error::new(
            key.span(),
            format!("`{key}` needs a value; write `{example}`"),
        ));
    }
    if !input.peek(Token![=]) || input.peek(Token![==]) {
        return Err(input.error(format!("expected `=` after `{key}`; write `{example}`")));
    }
    let equals: Token![=] = input.parse()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(Error::new(
            equals.span,
            format!("`{key}` needs a value behind `=`; write `{example}`"),
        ));
    }
    Ok(())
}

/// What stands in parentheses behind `key`.
pub(super) fn list<T>(
    key: &Ident,
    example: &str,
    input: ParseStream<'_>,
    parse: impl FnOnce(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    if !input.peek(Paren) {
        let message = format!("`{key}` needs parentheses; write `{example}`");
        return Err(if input.is_empty() || input.peek(Token![,]) {
            Error::new(key.span(), message)
        } else {
            input.error(message)
        });
    }
    let content;
    syn::parenthesized!(content in input);
    parse(&content).inspect_err(|_| drain(&content))
}

/// Skips the rest, so that syn does not report it a second time as unexpected.
pub(super) fn drain(input: ParseStream<'_>) {
    while !input.is_empty() && input.parse::<proc_macro2::TokenTree>().is_ok() {}
}

/// An expression, without the invisible groups that `macro_rules!` wraps around it.
pub(crate) fn expression(input: ParseStream<'_>) -> Result<Expr> {
    let mut expression = Expr::parse(input)?;
    while let Expr::Group(group) = expression {
        expression = *group.expr;
    }
    Ok(expression)
}

/// A word that stands alone where a value is expected: no call, no path, no capital letter.
pub(super) fn lone_word(input: ParseStream<'_>) -> Option<Ident> {
    let ahead = input.fork();
    let word: Ident = ahead.parse().ok()?;
    let lower = word
        .to_string()
        .chars()
        .all(|letter| letter.is_lowercase() || letter.is_ascii_digit() || letter == '_');
    (lower && (ahead.is_empty() || ahead.peek(Token![,]))).then_some(word)
}

/// `"1m 30s"`, or an expression of type `Duration`.
pub(super) fn time(input: ParseStream<'_>) -> Result<Time> {
    let expression = expression(input)?;
    let (literal, negative) = match &expression {
        Expr::Lit(literal) => (Some(literal), false),
        Expr::Unary(unary) => match (&unary.op, &*unary.expr) {
            (UnOp::Neg(_), Expr::Lit(literal)) => (Some(literal), true),
            _ => (None, false),
        },
        _ => (None, false),
    };
    let Some(literal) = literal else {
        return Ok(Time::Expression(Box::new(expression)));
    };
    match &literal.lit {
        Lit::Str(written) if !negative => {
            let value = duration(written)?;
            Ok(Time::Literal {
                written: written.clone(),
                value,
            })
        }
        Lit::Int(_) | Lit::Float(_) if negative => Err(Error::new_spanned(
            &expression,
            "a duration cannot be negative; write for example `\"5s\"`",
        )),
        Lit::Int(number) => Err(Error::new_spanned(
            &expression,
            format!(
                "a duration needs a unit; write `\"{0}s\"` or `\"{0}ms\"`",
                number.base10_digits()
            ),
        )),
        Lit::Float(number) => Err(Error::new_spanned(
            &expression,
            format!(
                "a duration needs a unit; write `\"{}s\"`",
                number.base10_digits()
            ),
        )),
        _ => Err(Error::new_spanned(
            &expression,
            "expected a duration; write for example `\"5s\"`",
        )),
    }
}

fn duration(written: &syn::LitStr) -> Result<Duration> {
    let text = written.value();
    humantime::parse_duration(text.trim()).map_err(|error| {
        let bare = !text.trim().is_empty() && text.trim().chars().all(|c| c.is_ascii_digit());
        let message = match &error {
            _ if bare => format!(
                "a duration needs a unit; write `\"{0}s\"` or `\"{0}ms\"`",
                text.trim()
            ),
            humantime::DurationError::UnknownUnit { unit, .. } if !unit.is_empty() => format!(
                "`{unit}` is no unit of time; write for example `\"250ms\"` or `\"1m 30s\"`"
            ),
            _ => format!(
                "`\"{text}\"` is no duration; write for example `\"250ms\"` or `\"1m 30s\"`"
            ),
        };
        Error::new(written.span(), message)
    })
}

/// `5`, `unlimited`, or an expression of type `u32`.
pub(super) fn count(key: &Ident, allow_unlimited: bool, input: ParseStream<'_>) -> Result<Count> {
    if let Some(word) = lone_word(input).filter(|_| allow_unlimited) {
        let written = word.to_string();
        if written == "unlimited" {
            input.parse::<Ident>()?;
            return Ok(Count::Unlimited(word));
        }
        let synonym = [
            "infinite",
            "infinity",
            "forever",
            "unbounded",
            "endless",
            "none",
            "max",
        ];
        if synonym.contains(&written.as_str()) || closest(&written, &["unlimited"]).is_some() {
            return Err(Error::new(
                word.span(),
                format!("unknown number of attempts `{written}`; did you mean `unlimited`?"),
            ));
        }
    }
    if let Some(word) = lone_word(input).filter(|word| word == "unlimited") {
        return Err(Error::new(
            word.span(),
            format!("a class is as unlimited as the call; leave `{key}` out"),
        ));
    }
    let expression = expression(input)?;
    let advice = format!("write for example `{key} = 5`");
    match &expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => {
                if !matches!(number.suffix(), "" | "u32") {
                    return Err(Error::new_spanned(
                        &expression,
                        format!(
                            "`{key}` is a `u32`; write `{key} = {}`",
                            number.base10_digits()
                        ),
                    ));
                }
                let value = number.base10_parse::<u32>().map_err(|_| {
                    Error::new_spanned(
                        &expression,
                        format!("`{key}` is at most {}; {advice}", u32::MAX),
                    )
                })?;
                Ok(Count::Literal {
                    written: expression,
                    value,
                })
            }
            Lit::Str(text) if text.value().trim().parse::<u32>().is_ok() => {
                Err(Error::new_spanned(
                    &expression,
                    format!(
                        "`{key}` is a number; write `{key} = {}`",
                        text.value().trim()
                    ),
                ))
            }
            _ => Err(Error::new_spanned(
                &expression,
                format!("`{key}` is a whole number; {advice}"),
            )),
        },
        Expr::Unary(unary) if matches!((&unary.op, &*unary.expr), (UnOp::Neg(_), Expr::Lit(_))) => {
            Err(Error::new_spanned(
                &expression,
                format!("`{key}` cannot be negative; {advice}"),
            ))
        }
        _ => Ok(Count::Expression(expression)),
    }
}

/// `2.0`, or an expression of type `f64`.
pub(super) fn number(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<Number> {
    let expression = expression(input)?;
    match literal_number(&expression) {
        Literal::Number(value) => Ok(Number {
            written: expression,
            value: Some(value),
        }),
        Literal::None => Ok(Number {
            written: expression,
            value: None,
        }),
        Literal::Other => Err(Error::new_spanned(
            &expression,
            format!("`{key}` is a number; write for example `{example}`"),
        )),
    }
}

enum Literal {
    Number(f64),
    Other,
    None,
}

fn literal_number(expression: &Expr) -> Literal {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number
                .base10_digits()
                .parse()
                .map_or(Literal::Other, Literal::Number),
            Lit::Float(number) => number
                .base10_digits()
                .parse()
                .map_or(Literal::Other, Literal::Number),
            _ => Literal::Other,
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match literal_number(&unary.expr)
        {
            Literal::Number(value) => Literal::Number(-value),
            other => other,
        },
        _ => Literal::None,
    }
}

/// `none`, `full`, `equal`, `0.3`, or an expression of type `Jitter`.
pub(super) fn jitter(input: ParseStream<'_>) -> Result<Jitter> {
    if let Some(word) = lone_word(input) {
        let written = word.to_string();
        let names = grammar::names(grammar::JITTERS);
        if names.contains(&written.as_str()) {
            input.parse::<Ident>()?;
            return Ok(Jitter::Named(word));
        }
        let advice = suggestion(&written, "jitters", &names);
        return Err(Error::new(
            word.span(),
            format!("unknown jitter `{written}`; {advice}"),
        ));
    }
    let expression = expression(input)?;
    match literal_number(&expression) {
        Literal::Number(value) => Ok(Jitter::Spread(Number {
            written: expression,
            value: Some(value),
        })),
        Literal::None => Ok(Jitter::Expression(expression)),
        Literal::Other => {
            let text = expression.to_token_stream().to_string();
            let bare = text.trim_matches('"');
            let advice = if grammar::names(grammar::JITTERS).contains(&bare) {
                format!("write `jitter = {bare}`")
            } else {
                "write `jitter = full`, `none`, `equal` or a part such as `0.3`".to_owned()
            };
            Err(Error::new_spanned(
                &expression,
                format!("`{text}` is no jitter; {advice}"),
            ))
        }
    }
}
