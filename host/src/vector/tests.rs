//! Every store against the suite.

use std::sync::Arc;

use super::conformance::conforms;
use super::embedded::EmbeddedVectors;
use crate::clock::SystemIds;

conforms!(embedded, |db, budget| super::Arc::new(super::EmbeddedVectors::new(db, super::Arc::new(super::SystemIds), budget)));
