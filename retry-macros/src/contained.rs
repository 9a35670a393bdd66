//! What stands inside of types. Only that: syn's visitor goes through all of Rust, and takes long to compile.

use syn::punctuated::Punctuated;
use syn::{GenericArgument, Path, PathArguments, Token, Type, TypeParamBound};

/// Calls `visit` with each type that stands in this one, but not with what stands in those. What a function takes and gives is not in its
/// type: nobody has it who has the function.
pub(crate) fn each_type(ty: &mut Type, visit: &mut dyn FnMut(&mut Type)) {
    match ty {
        Type::Array(array) => visit(&mut array.elem),
        Type::Group(group) => visit(&mut group.elem),
        Type::ImplTrait(hidden) => of_bounds(&mut hidden.bounds, visit),
        Type::Paren(paren) => visit(&mut paren.elem),
        Type::Path(path) => {
            if let Some(own) = &mut path.qself {
                visit(&mut own.ty);
            }
            of_path(&mut path.path, visit);
        }
        Type::Ptr(pointer) => visit(&mut pointer.elem),
        Type::Reference(reference) => visit(&mut reference.elem),
        Type::Slice(slice) => visit(&mut slice.elem),
        Type::TraitObject(object) => of_bounds(&mut object.bounds, visit),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(visit),
        _ => {}
    }
}

fn of_path(path: &mut Path, visit: &mut dyn FnMut(&mut Type)) {
    for segment in &mut path.segments {
        let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else {
            continue;
        };
        for argument in &mut arguments.args {
            match argument {
                GenericArgument::Type(ty) => visit(ty),
                GenericArgument::AssocType(associated) => visit(&mut associated.ty),
                GenericArgument::Constraint(constraint) => of_bounds(&mut constraint.bounds, visit),
                _ => {}
            }
        }
    }
}

fn of_bounds(bounds: &mut Punctuated<TypeParamBound, Token![+]>, visit: &mut dyn FnMut(&mut Type)) {
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            of_path(&mut bound.path, visit);
        }
    }
}
