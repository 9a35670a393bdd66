//! What can only be seen with several things in view: two keys, the keys and the fields, a variant and the enum's default. One rule for each
//! place comes out, or none where something is wrong.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::{Expr, Fields};

use super::grammar::Class;
use super::model::{Default, Member, Model, NamedClass, Place, Said, Shape, Verdict};
use crate::errors::Errors;
use crate::model::Keyed;
use crate::suggest::{list, suggestion};

/// What one struct or variant is, known to be sound.
pub(super) struct Rule<'a> {
    pub(super) verdict: Sound<'a>,
    pub(super) retry_after: Option<Source<'a>>,
    pub(super) reason: Option<&'a Keyed<Expr>>,
}

/// A verdict whose fields exist.
pub(super) enum Sound<'a> {
    Class(&'a NamedClass),
    Status(Source<'a>),
    Transparent(&'a Ident),
    With {
        function: &'a Keyed<syn::ExprPath>,
        /// A struct is given whole, a variant gives its field.
        of_self: bool,
    },
}

/// A field, and where the attribute names it.
pub(super) struct Source<'a> {
    pub(super) written: &'a Keyed<Member>,
    pub(super) field: usize,
}

/// A rule for each place, in their order.
pub(super) fn rules<'a>(model: &'a Model<'_>, errors: &mut Errors) -> Vec<Option<Rule<'a>>> {
    match &model.shape {
        Shape::Struct(place) => vec![rule(place, None, errors)],
        Shape::Enum { default, variants } => variants
            .iter()
            .map(|variant| rule(variant, Some(default), errors))
            .collect(),
        Shape::Union => Vec::new(),
    }
}

/// `default` is that of the enum, if the place is a variant.
fn rule<'a>(
    place: &'a Place<'_>,
    default: Option<&'a Default>,
    errors: &mut Errors,
) -> Option<Rule<'a>> {
    let Said {
        verdicts,
        retry_after,
        reason,
        failed,
        ..
    } = &place.said;
    let verdict = only(verdicts, errors);
    let class = match (verdict, default) {
        (Some(Verdict::Class(class)), _) => Some(class),
        (None, Some(Default::Class(class))) if !failed => Some(class),
        _ => None,
    };
    let undecided = matches!(default, Some(Default::Failed)) || *failed;
    if verdict.is_none() && class.is_none() && !undecided {
        unsaid(place, default.is_some(), errors);
    }
    let sound = match (verdict, class) {
        (_, Some(class)) => Some(Sound::Class(class)),
        (Some(Verdict::Status(status)), _) => source(place, status, errors).map(Sound::Status),
        (Some(Verdict::Transparent(key)), _) => {
            alone(place, key, default.is_none(), errors).then_some(Sound::Transparent(key))
        }
        (Some(Verdict::With(function)), _) => {
            let of_self = default.is_none();
            (of_self || alone(place, &function.key, false, errors))
                .then_some(Sound::With { function, of_self })
        }
        (Some(Verdict::Class(_)) | None, None) => None,
    };
    let useless = useless(verdict, class.map(|class| class.class));
    let hint = match (retry_after, useless) {
        (None, _) => None,
        (Some(hint), Some(reason)) => {
            errors.at(&hint.key, reason);
            return None;
        }
        (Some(hint), None) => Some(source(place, hint, errors)?),
    };
    Some(Rule {
        verdict: sound?,
        retry_after: hint,
        reason: reason.as_ref(),
    })
}

/// The one thing that gives the class; a second one contradicts it.
fn only<'a>(verdicts: &'a [Verdict], errors: &mut Errors) -> Option<&'a Verdict> {
    let (first, others) = verdicts.split_first()?;
    for other in others {
        errors.at(
            other.key(),
            format!(
                "`{}` and `{}` both say the class; remove one of the two",
                first.key(),
                other.key()
            ),
        );
    }
    Some(first)
}

fn unsaid(place: &Place<'_>, is_variant: bool, errors: &mut Errors) {
    let Place { name, said, .. } = place;
    let here = if said.retry_after.is_some() {
        "`rate_limit` or another class next to `retry_after`"
    } else if said.reason.is_some() {
        "`transient` or another class next to `reason`"
    } else {
        "`#[classify(transient)]` or another class above it"
    };
    let there = if is_variant {
        ", or `#[classify(default = unknown)]` above the enum"
    } else {
        ""
    };
    errors.at(
        name,
        format!("`{name}` does not say its class; write {here}{there}"),
    );
}

/// Why a hint is one that nobody follows, or that comes from elsewhere.
fn useless(verdict: Option<&Verdict>, class: Option<&Class>) -> Option<String> {
    match (verdict, class) {
        (_, Some(class)) if !class.is_retryable => Some(format!(
            "`{}` is never retried, so nobody comes back after `retry_after`; remove it, or write another class",
            class.name
        )),
        (Some(Verdict::Transparent(_)), _) => Some(
            "`transparent` passes on the hint of its field too; remove `retry_after`".to_owned(),
        ),
        (Some(Verdict::With(_)), _) => Some(
            "the function behind `with` can give the hint too; return it in a `Classification`, and remove `retry_after`"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Whether the place has exactly one field, as `key` needs.
fn alone(place: &Place<'_>, key: &Ident, is_struct: bool, errors: &mut Errors) -> bool {
    let Place { name, fields, .. } = place;
    let (count, advice) = match fields.len() {
        1 => return true,
        0 => ("none".to_owned(), "write a class, such as `transient`"),
        many if is_struct => (
            many.to_string(),
            "write a class, or `with = path::to::function` for a function of the whole struct",
        ),
        many => (
            many.to_string(),
            "write a class, or make one type of the fields",
        ),
    };
    errors.at(
        key,
        format!("`{key}` needs exactly one field, and `{name}` has {count}; {advice}"),
    );
    false
}

/// The field that is meant.
fn source<'a>(
    place: &Place<'_>,
    written: &'a Keyed<Member>,
    errors: &mut Errors,
) -> Option<Source<'a>> {
    let found = match &written.value {
        Member::Name(name) => place
            .fields
            .iter()
            .position(|field| field.ident.as_ref().is_some_and(|own| same(own, name))),
        Member::Index { index, .. } => {
            let known = matches!(place.fields, Fields::Unnamed(_)) && *index < place.fields.len();
            known.then_some(*index)
        }
    };
    if found.is_none() {
        errors.push(syn::Error::new(
            written.value.span(),
            missing(place, &written.key, &written.value),
        ));
    }
    found.map(|field| Source { written, field })
}

/// `r#type` and `type` name one field.
fn same(own: &Ident, written: &Ident) -> bool {
    own.unraw() == written.unraw()
}

fn missing(place: &Place<'_>, key: &Ident, member: &Member) -> String {
    let Place { name, fields, .. } = place;
    let names: Vec<String> = fields
        .iter()
        .filter_map(|field| Some(field.ident.as_ref()?.unraw().to_string()))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let indexes = match fields.len() {
        1 => "`0`, the only one".to_owned(),
        count => format!("an index from `0` to `{}`", count.saturating_sub(1)),
    };
    match (member, fields) {
        // What is meant for a value and not for a place.
        (Member::Index { index, .. }, _) if key == "status" && (100..600).contains(index) => {
            format!(
                "`status` names the field that holds it; for a status that is always {index}, write its class"
            )
        }
        _ if fields.is_empty() => format!("`{name}` has no fields; write a class alone"),
        (Member::Name(written), Fields::Named(_)) => {
            let written = written.to_string();
            let advice = match fields.len() {
                1 => format!("its only field is {}", list(&names)),
                _ => suggestion(&written, "fields", &names),
            };
            format!("`{name}` has no field `{written}`; {advice}")
        }
        (Member::Index { .. }, Fields::Named(_)) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!(
                "the fields of `{name}` have names; write {}",
                names.join(" or ")
            )
        }
        (Member::Name(written), _) => {
            format!("the fields of `{name}` have no names, so none is `{written}`; write {indexes}")
        }
        (Member::Index { index, .. }, _) => {
            format!("`{name}` has no field {index}; write {indexes}")
        }
    }
}
