//! What was written on the type, with every value next to the tokens it came from.

use proc_macro2::{Ident, Span};
use syn::{DeriveInput, Expr, ExprPath, Fields, LitInt, Path};

use super::grammar::Class;
use crate::model::Keyed;

/// The type under the derive.
pub(super) struct Model<'a> {
    pub(super) item: &'a DeriveInput,
    pub(super) runtime: Option<Path>,
    pub(super) shape: Shape<'a>,
}

pub(super) enum Shape<'a> {
    Struct(Box<Place<'a>>),
    Enum {
        default: Default,
        variants: Vec<Place<'a>>,
    },
    /// It has been refused.
    Union,
}

/// What the variants are that say nothing.
pub(super) enum Default {
    None,
    Class(NamedClass),
    /// Something was written that could not be understood; nothing is concluded from its absence.
    Failed,
}

/// A class and the word that names it.
pub(super) struct NamedClass {
    pub(super) word: Ident,
    pub(super) class: &'static Class,
}

/// A struct or one variant of an enum.
pub(super) struct Place<'a> {
    pub(super) name: &'a Ident,
    pub(super) fields: &'a Fields,
    pub(super) said: Said,
}

/// What the `#[classify(…)]`s of one place say.
#[derive(Default)]
pub(super) struct Said {
    /// Whatever gives the class, in the order it was written. One of them is right.
    pub(super) verdicts: Vec<Verdict>,
    pub(super) retry_after: Option<Keyed<Member>>,
    pub(super) reason: Option<Keyed<Expr>>,
    pub(super) default: Option<NamedClass>,
    pub(super) runtime: Option<Path>,
    /// The keys so far.
    pub(super) seen: Vec<&'static str>,
    /// Whether something could not be understood; nothing is concluded from what is absent then.
    pub(super) failed: bool,
}

/// What gives the class.
pub(super) enum Verdict {
    Class(NamedClass),
    Status(Keyed<Member>),
    Transparent(Ident),
    With(Keyed<ExprPath>),
}

impl Verdict {
    /// The word that introduced it.
    pub(super) fn key(&self) -> &Ident {
        match self {
            Self::Class(class) => &class.word,
            Self::Status(status) => &status.key,
            Self::Transparent(key) => key,
            Self::With(with) => &with.key,
        }
    }
}

/// A field as the attribute names it.
pub(super) enum Member {
    Name(Ident),
    Index { written: LitInt, index: usize },
}

impl Member {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Name(name) => name.span(),
            Self::Index { written, .. } => written.span(),
        }
    }
}
