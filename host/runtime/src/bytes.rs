//! What is read from a component's bytes without running any of it.

use wasmparser::{Parser, Payload};

use crate::error::Refused;
use crate::manifest::{Manifest, SECTION};

/// The manifest in the component's outermost custom section.
pub(crate) fn manifest(component: &[u8]) -> Result<Manifest, Refused> {
    let section = section(component).ok_or_else(|| {
        let sentence = format!("this is no component with a manifest: it has no custom section `{SECTION}`");
        Refused::because("manifest", sentence, "build it with `plug build`")
    })?;
    Manifest::from_section(section).map_err(|problems| Refused {
        reasons: problems
            .into_iter()
            .map(|problem| crate::error::Reason { code: "manifest", sentence: problem.sentence, fix: problem.fix })
            .collect(),
    })
}

fn section(component: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::Version { encoding, .. } if depth == 0 && encoding != wasmparser::Encoding::Component => return None,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(custom) if depth == 0 && custom.name() == SECTION => return Some(custom.data()),
            _ => {}
        }
    }
    None
}
