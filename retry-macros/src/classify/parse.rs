//! The `#[classify(…)]`s of a type.

use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::token::Paren;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, ExprPath, Fields, Ident, Lit, LitInt,
    MacroDelimiter, Meta, Result, Token,
};

use super::grammar::{CLASSES, Class, KEYS, NO_CLASSES, SYNONYMS};
use super::model::{Default, Member, Model, NamedClass, Place, Said, Shape, Verdict};
use crate::errors::Errors;
use crate::grammar::{Word, advice, example};
use crate::model::Keyed;
use crate::parse::keys::{Scope, keys};
use crate::parse::runtime;
use crate::parse::value::{expression, value};
use crate::suggest::suggestion;

const SCOPE: Scope = Scope {
    table: KEYS,
    also: &[],
    example: "transient",
    synonyms: SYNONYMS,
    refused: NO_CLASSES,
    elsewhere: &[],
};

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Enum,
    Variant,
    Struct,
}

/// Reads everything; what is wrong goes to `errors`, the rest is in the result.
pub(super) fn item<'a>(item: &'a DeriveInput, errors: &mut Errors) -> Model<'a> {
    match &item.data {
        Data::Struct(data) => {
            let mut place = place(&item.ident, &item.attrs, &data.fields, On::Struct, errors);
            Model {
                item,
                runtime: place.said.runtime.take(),
                shape: Shape::Struct(Box::new(place)),
            }
        }
        Data::Enum(data) => {
            let said = said(&item.attrs, On::Enum, errors);
            let default = match said.default {
                Some(class) => Default::Class(class),
                None if said.failed => Default::Failed,
                None => Default::None,
            };
            let variants = data
                .variants
                .iter()
                .map(|variant| {
                    place(
                        &variant.ident,
                        &variant.attrs,
                        &variant.fields,
                        On::Variant,
                        errors,
                    )
                })
                .collect();
            Model {
                item,
                runtime: said.runtime,
                shape: Shape::Enum { default, variants },
            }
        }
        Data::Union(data) => {
            errors.at(
                data.union_token,
                "a union does not know which of its fields it holds, so it cannot say its class; write an enum",
            );
            Model {
                item,
                runtime: None,
                shape: Shape::Union,
            }
        }
    }
}

fn place<'a>(
    name: &'a Ident,
    attributes: &[Attribute],
    fields: &'a Fields,
    on: On,
    errors: &mut Errors,
) -> Place<'a> {
    let mut said = said(attributes, on, errors);
    for attribute in fields.iter().flat_map(|field| ours(&field.attrs)) {
        said.failed = true;
        let above = if on == On::Struct {
            "struct"
        } else {
            "variant"
        };
        errors.at(
            attribute.path(),
            format!(
                "`#[classify]` has no meaning on a field; write it above the {above}, as in `#[classify(status = code)]`"
            ),
        );
    }
    Place { name, fields, said }
}

fn ours(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("classify"))
}

fn said(attributes: &[Attribute], on: On, errors: &mut Errors) -> Said {
    let mut said = Said::default();
    let mut wrong = Errors::default();
    for attribute in ours(attributes) {
        if let Err(error) = attribute_of(attribute, on, &mut said, &mut wrong) {
            wrong.push(error);
        }
    }
    if let Err(error) = wrong.finish() {
        said.failed = true;
        errors.push(error);
    }
    said
}

fn attribute_of(attribute: &Attribute, on: On, said: &mut Said, errors: &mut Errors) -> Result<()> {
    let written = if on == On::Enum {
        "`#[classify(default = unknown)]`"
    } else {
        "`#[classify(transient)]`"
    };
    let tokens = match &attribute.meta {
        Meta::List(list) if !matches!(list.delimiter, MacroDelimiter::Paren(_)) => {
            return Err(Error::new(
                list.delimiter.span().open(),
                format!("`classify` takes parentheses; write for example {written}"),
            ));
        }
        Meta::NameValue(pair) => {
            return Err(Error::new(
                pair.eq_token.span,
                format!("`classify` takes parentheses; write for example {written}"),
            ));
        }
        Meta::List(list) if !list.tokens.is_empty() => list.tokens.clone(),
        Meta::List(_) | Meta::Path(_) => {
            return Err(Error::new_spanned(
                attribute.path(),
                format!("`#[classify]` says nothing; write for example {written}"),
            ));
        }
    };
    let parse = |input: ParseStream<'_>| {
        keys(input, &SCOPE, errors, &mut |word, key, input, errors| {
            read(word, key, input, on, said, errors)
        });
        Ok(())
    };
    parse.parse2(tokens)
}

fn read(
    word: &'static Word,
    key: &Ident,
    input: ParseStream<'_>,
    on: On,
    said: &mut Said,
    errors: &mut Errors,
) -> Result<()> {
    if said.seen.contains(&word.name) {
        return Err(Error::new(
            key.span(),
            format!("`{key}` is given twice; remove one of the two"),
        ));
    }
    said.seen.push(word.name);
    if let Some(class) = Class::named(word.name) {
        flag(key, input)?;
        said.verdicts.push(Verdict::Class(NamedClass {
            word: key.clone(),
            class,
        }));
    } else {
        let example = word.example;
        match word.name {
            "status" => {
                let field = value(key, example, input, |input| member(key, example, input))?;
                said.verdicts.push(Verdict::Status(keyed(key, field)));
            }
            "transparent" => {
                flag(key, input)?;
                said.verdicts.push(Verdict::Transparent(key.clone()));
            }
            "with" => {
                let function = value(key, example, input, function)?;
                said.verdicts.push(Verdict::With(keyed(key, function)));
            }
            "retry_after" => {
                let field = value(key, example, input, |input| member(key, example, input))?;
                said.retry_after = Some(keyed(key, field));
            }
            "reason" => said.reason = Some(keyed(key, value(key, example, input, reason)?)),
            "default" => said.default = Some(value(key, example, input, class)?),
            _ => said.runtime = Some(value(key, example, input, runtime)?),
        }
    }
    if let Some(message) = misplaced(word, said, on) {
        errors.at(key, message);
    }
    Ok(())
}

fn keyed<T>(key: &Ident, value: T) -> Keyed<T> {
    Keyed {
        key: key.clone(),
        value,
    }
}

/// What is wrong with a key that is right elsewhere.
fn misplaced(word: &Word, said: &Said, on: On) -> Option<String> {
    let Word { name, .. } = word;
    match (*name, on) {
        ("crate", On::Variant) => Some("`crate` is for the whole enum; write it there".to_owned()),
        ("crate", _) | ("default", On::Enum) => None,
        ("default", On::Variant) => {
            let class = said
                .default
                .as_ref()
                .map_or("unknown", |class| class.class.name);
            Some(format!(
                "`default` is for the whole enum; write it there, or `{class}` alone for this variant"
            ))
        }
        ("default", On::Struct) => {
            let class = said
                .default
                .as_ref()
                .map_or("unknown", |class| class.class.name);
            Some(format!(
                "a struct has no variants that could be left out, so it has no use for `default`; write `#[classify({class})]`"
            ))
        }
        (_, On::Enum) if Class::named(name).is_some() => Some(format!(
            "`{name}` is for one variant; write it there, or `default = {name}` for all that say nothing"
        )),
        (_, On::Enum) => Some(format!("`{name}` is for one variant; write it there")),
        (_, On::Variant | On::Struct) => None,
    }
}

/// A key that stands alone.
fn flag(key: &Ident, input: ParseStream<'_>) -> Result<()> {
    if input.peek(Token![=]) || input.peek(Paren) {
        return Err(input.error(format!("`{key}` takes no value; write `{key}` alone")));
    }
    Ok(())
}

/// The name of a class.
fn class(input: ParseStream<'_>) -> Result<NamedClass> {
    if let Ok(Lit::Str(text)) = input.fork().parse::<Lit>() {
        let class = Class::named(&text.value()).map_or("unknown", |class| class.name);
        return Err(Error::new(
            text.span(),
            format!("a class is a word without quotes; write `{class}`"),
        ));
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected a class; write for example `unknown`"));
    }
    let word = input.call(Ident::parse_any)?;
    if input.peek(Token![::]) {
        return Err(Error::new(
            word.span(),
            "a class is a single word; write for example `unknown`",
        ));
    }
    let written = word.to_string();
    match (Class::named(&written), advice(NO_CLASSES, &written)) {
        (Some(class), _) => Ok(NamedClass { word, class }),
        (None, Some(advice)) => Err(Error::new(word.span(), format!("`{written}` {advice}"))),
        (None, None) => {
            let names: Vec<&str> = CLASSES.iter().map(|class| class.name).collect();
            Err(Error::new(
                word.span(),
                format!(
                    "unknown class `{written}`; {}",
                    suggestion(&written, "classes", &names)
                ),
            ))
        }
    }
}

/// The name or the index of a field.
fn member(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<Member> {
    let member = if input.peek(Ident::peek_any) && !input.peek(Token![self]) {
        Member::Name(input.call(Ident::parse_any)?)
    } else if let Some((written, index)) = index(input) {
        input.parse::<Lit>()?;
        Member::Index { written, index }
    } else {
        return Err(match input.fork().parse::<Lit>() {
            Ok(Lit::Str(text)) if syn::parse_str::<Ident>(&text.value()).is_ok() => Error::new(
                text.span(),
                format!(
                    "a field is named without quotes; write `{key} = {}`",
                    text.value()
                ),
            ),
            _ => input.error(format!(
                "expected the name or the index of a field; write for example `{example}`"
            )),
        });
    };
    if input.peek(Token![.]) || input.peek(Token![::]) || input.peek(Paren) {
        return Err(input.error(format!(
            "`{key}` is a field and nothing in it; for more, write a function and `with = path::to::function`"
        )));
    }
    Ok(member)
}

/// What comes next, if it is an index.
fn index(input: ParseStream<'_>) -> Option<(LitInt, usize)> {
    let Ok(Lit::Int(written)) = input.fork().parse::<Lit>() else {
        return None;
    };
    let index = written.base10_parse().ok()?;
    written.suffix().is_empty().then_some((written, index))
}

/// The path of a function.
fn function(input: ParseStream<'_>) -> Result<ExprPath> {
    let expression = expression(input)?;
    let message = match &expression {
        Expr::Path(path) => return Ok(path.clone()),
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) if syn::parse_str::<ExprPath>(&text.value()).is_ok() => {
                format!("a path has no quotes; write `with = {}`", text.value())
            }
            _ => format!(
                "`with` is the path of a function; write for example `{}`",
                example(KEYS, "with")
            ),
        },
        Expr::Closure(_) => {
            "`with` is the path of a function; write a function in place of the closure, and its name here".to_owned()
        }
        Expr::Call(_) => "`with` calls the function itself; write its path alone".to_owned(),
        _ => format!(
            "`with` is the path of a function; write for example `{}`",
            example(KEYS, "with")
        ),
    };
    Err(Error::new_spanned(&expression, message))
}

/// A text, or a constant expression of type `&'static str`.
fn reason(input: ParseStream<'_>) -> Result<Expr> {
    let expression = expression(input)?;
    let Expr::Lit(literal) = &expression else {
        return Ok(expression);
    };
    let message = match &literal.lit {
        Lit::Str(text) if text.value().trim().is_empty() => {
            "an empty reason says nothing; write why, or leave `reason` out".to_owned()
        }
        Lit::Str(_) => return Ok(expression),
        _ => format!(
            "`reason` is a text; write for example `{}`",
            example(KEYS, "reason")
        ),
    };
    Err(Error::new_spanned(&expression, message))
}
