//! Compares a function of a component with the contract's, by structure, and tells the first difference in words.
//!
//! The walk follows the contract's type, which is finite and ours, so a guest's type, however tangled, costs no more
//! than ours does.

use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

/// The first difference between the contract's function and a component's; `None`: they fit.
pub(super) fn function(ours: (&Resolve, &Function), theirs: (&Resolve, &Function)) -> Option<String> {
    let (our, their) = (ours.1, theirs.1);
    if our.params.len() != their.params.len() {
        return Some(format!("it takes {} parameters instead of {}", their.params.len(), our.params.len()));
    }
    for (wanted, found) in our.params.iter().zip(&their.params) {
        if wanted.name != found.name {
            return Some(format!("its parameter `{}` is called `{}`", wanted.name, found.name));
        }
        if let Some(difference) = ty((ours.0, &wanted.ty), (theirs.0, &found.ty)) {
            return Some(format!("in its parameter `{}`, {difference}", wanted.name));
        }
    }
    match (&our.result, &their.result) {
        (None, None) => None,
        (Some(wanted), Some(found)) => ty((ours.0, wanted), (theirs.0, found)).map(|difference| format!("in its result, {difference}")),
        (Some(_), None) => Some("it returns nothing".to_owned()),
        (None, Some(_)) => Some("it returns a value, and nothing is expected".to_owned()),
    }
}

/// Follows `type a = b` to what it stands for.
fn definition(resolve: &Resolve, mut id: TypeId) -> TypeId {
    while let TypeDefKind::Type(Type::Id(next)) = &resolve.types[id].kind {
        id = *next;
    }
    id
}

/// The kind of a type, or the primitive at the end of its aliases.
fn kind<'r>(resolve: &'r Resolve, ty: &'r Type) -> Result<(TypeId, &'r TypeDefKind), &'r Type> {
    let Type::Id(id) = ty else { return Err(ty) };
    let id = definition(resolve, *id);
    match &resolve.types[id].kind {
        TypeDefKind::Type(primitive) => Err(primitive),
        kind => Ok((id, kind)),
    }
}

fn noun(resolve: &Resolve, ty: &Type) -> String {
    match kind(resolve, ty) {
        Err(primitive) => format!("{primitive:?}").to_lowercase(),
        Ok((_, kind)) => kind.as_str().to_owned(),
    }
}

type Side<'r, T> = (&'r Resolve, T);

fn ty(ours: Side<'_, &Type>, theirs: Side<'_, &Type>) -> Option<String> {
    let differs = || Some(format!("a {} stands where the contract has a {}", noun(theirs.0, theirs.1), noun(ours.0, ours.1)));
    let (wanted, found) = match (kind(ours.0, ours.1), kind(theirs.0, theirs.1)) {
        (Err(wanted), Err(found)) => return if wanted == found { None } else { differs() },
        (Ok(wanted), Ok(found)) => (wanted, found),
        _ => return differs(),
    };
    let both = |wanted: &Type, found: &Type| ty((ours.0, wanted), (theirs.0, found));
    let option = |wanted: &Option<Type>, found: &Option<Type>| match (wanted, found) {
        (None, None) => None,
        (Some(wanted), Some(found)) => both(wanted, found),
        _ => differs(),
    };
    match (wanted.1, found.1) {
        (TypeDefKind::Record(wanted), TypeDefKind::Record(found)) => {
            let names = (wanted.fields.iter().map(|field| field.name.as_str()), found.fields.iter().map(|field| field.name.as_str()));
            members("field", &names.0.collect::<Vec<_>>(), &names.1.collect::<Vec<_>>()).or_else(|| {
                first(wanted.fields.iter().zip(&found.fields), |(wanted, found)| {
                    both(&wanted.ty, &found.ty).map(|difference| format!("field `{}`: {difference}", wanted.name))
                })
            })
        }
        (TypeDefKind::Variant(wanted), TypeDefKind::Variant(found)) => {
            let names = (wanted.cases.iter().map(|case| case.name.as_str()), found.cases.iter().map(|case| case.name.as_str()));
            members("case", &names.0.collect::<Vec<_>>(), &names.1.collect::<Vec<_>>()).or_else(|| {
                first(wanted.cases.iter().zip(&found.cases), |(wanted, found)| {
                    option(&wanted.ty, &found.ty).map(|difference| format!("case `{}`: {difference}", wanted.name))
                })
            })
        }
        (TypeDefKind::Enum(wanted), TypeDefKind::Enum(found)) => members(
            "case",
            &wanted.cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(),
            &found.cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(),
        ),
        (TypeDefKind::Flags(wanted), TypeDefKind::Flags(found)) => members(
            "flag",
            &wanted.flags.iter().map(|flag| flag.name.as_str()).collect::<Vec<_>>(),
            &found.flags.iter().map(|flag| flag.name.as_str()).collect::<Vec<_>>(),
        ),
        (TypeDefKind::Tuple(wanted), TypeDefKind::Tuple(found)) if wanted.types.len() == found.types.len() => {
            first(wanted.types.iter().zip(&found.types), |(wanted, found)| both(wanted, found))
        }
        (TypeDefKind::Option(wanted), TypeDefKind::Option(found)) | (TypeDefKind::List(wanted), TypeDefKind::List(found)) => {
            both(wanted, found)
        }
        (TypeDefKind::Result(wanted), TypeDefKind::Result(found)) => {
            option(&wanted.ok, &found.ok).or_else(|| option(&wanted.err, &found.err))
        }
        (TypeDefKind::Handle(Handle::Own(wanted)), TypeDefKind::Handle(Handle::Own(found)))
        | (TypeDefKind::Handle(Handle::Borrow(wanted)), TypeDefKind::Handle(Handle::Borrow(found))) => {
            resource((ours.0, *wanted), (theirs.0, *found))
        }
        _ => differs(),
    }
}

fn first<T>(pairs: impl Iterator<Item = T>, differ: impl Fn(T) -> Option<String>) -> Option<String> {
    let mut pairs = pairs;
    pairs.find_map(differ)
}

/// Names in the same order, or the first that is not.
fn members(what: &str, wanted: &[&str], found: &[&str]) -> Option<String> {
    if wanted == found {
        return None;
    }
    let missing = wanted.iter().find(|name| !found.contains(name));
    let extra = found.iter().find(|name| !wanted.contains(name));
    Some(match (missing, extra) {
        (Some(missing), _) => format!("{what} `{missing}` is missing"),
        (None, Some(extra)) => format!("{what} `{extra}` is not in the contract"),
        (None, None) => format!("the {what}s stand in another order"),
    })
}

/// Resources are the same when they have the same name in the same interface.
fn resource(ours: Side<'_, TypeId>, theirs: Side<'_, TypeId>) -> Option<String> {
    let name = |(resolve, id): Side<'_, TypeId>| {
        let definition = &resolve.types[definition(resolve, id)];
        let owner = match definition.owner {
            TypeOwner::Interface(id) => resolve.id_of(id),
            _ => None,
        };
        (definition.name.clone().unwrap_or_default(), owner.map(|owner| super::contract::InterfaceName::parse(&owner).base))
    };
    let (wanted, found) = (name(ours), name(theirs));
    (wanted != found).then(|| format!("a handle of `{}` stands where the contract has one of `{}`", found.0, wanted.0))
}
