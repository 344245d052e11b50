//! From scores of the integer pass to exact ones: which rows are scored by their floats, and when that is enough.

use std::collections::{BinaryHeap, HashMap};

use uuid::Uuid;

use super::slab::{Found, Slab};
use super::{Hit, Search};

/// Rows that are scored by their floats at once, at least.
const AT_ONCE: usize = 40;
/// Rows of one parent that are: its best is nearly always the first of them.
const OF_ONE_PARENT: usize = 4;
/// Rows of one search that are, when many are nearly alike.
const MOST: usize = 640;
/// How far rounding to eight bits moves a cosine, times the root of the dimension: on pairs of random, sparse and clustered
/// vectors of 64, 256 and 1024 floats it was 0.04 at most, of 3 000 pairs each. Vectors with one float fifteen times the
/// others round worse (up to 0.2); of these, neighbours nearer to each other than that may change places.
const ROUNDING: f32 = 0.06;

/// Rows in the order of the integer pass, taken in portions.
pub(super) struct Shortlist<'a> {
    slab: &'a Slab,
    ranked: BinaryHeap<Found>,
    portion: usize,
    rounding: f32,
    by_parent: bool,
    of_parent: HashMap<Uuid, usize>,
    taken: usize,
}

impl<'a> Shortlist<'a> {
    pub(super) fn new(slab: &'a Slab, ranked: BinaryHeap<Found>, search: &Search<'_>) -> Self {
        let portion = AT_ONCE.max(search.limit + search.limit / 4);
        #[expect(clippy::cast_precision_loss, reason = "at most 4096")]
        let rounding = ROUNDING / (search.query.len() as f32).sqrt();
        Self { slab, ranked, portion, rounding, by_parent: search.by_parent, of_parent: HashMap::new(), taken: 0 }
    }

    /// The next rows to score, best first; empty at the end.
    pub(super) fn next(&mut self) -> Vec<usize> {
        let mut rows = Vec::with_capacity(self.portion);
        while rows.len() < self.portion {
            let Some(found) = self.ranked.pop() else { break };
            if self.by_parent
                && let Some(parent) = self.slab.parent(found.row)
            {
                let taken = self.of_parent.entry(parent).or_default();
                *taken += 1;
                if *taken > OF_ONE_PARENT {
                    continue;
                }
            }
            rows.push(found.row);
        }
        self.taken += rows.len();
        rows
    }

    /// Whether no row that is left can belong to the best, given the worst of them.
    pub(super) fn is_enough(&self, worst: f32) -> bool {
        self.ranked.peek().is_none_or(|next| next.score + self.rounding < worst) || self.taken >= MOST
    }
}

/// The best hits so far, best first; equal scores by item.
pub(super) struct Best {
    hits: Vec<Hit>,
    limit: usize,
    by_parent: bool,
}

impl Best {
    pub(super) fn new(search: &Search<'_>) -> Self {
        Self { hits: Vec::with_capacity(search.limit + 1), limit: search.limit, by_parent: search.by_parent }
    }

    /// Keeps a hit if it is among the best, a parent's best one only.
    pub(super) fn offer(&mut self, hit: Hit) {
        let better = |other: &Hit| {
            other.score.total_cmp(&hit.score).is_gt() || (other.score.total_cmp(&hit.score).is_eq() && other.item <= hit.item)
        };
        if self.by_parent && hit.parent.is_some() {
            match self.hits.iter().position(|other| other.parent == hit.parent) {
                Some(at) if better(&self.hits[at]) => return,
                Some(at) => drop(self.hits.remove(at)),
                None => {}
            }
        }
        let at = self.hits.partition_point(better);
        if at < self.limit {
            self.hits.insert(at, hit);
            self.hits.truncate(self.limit);
        }
    }

    /// The score to beat, once there are as many as were asked for.
    pub(super) fn worst(&self) -> Option<f32> {
        self.hits.get(self.limit.checked_sub(1)?).map(|hit| hit.score)
    }

    pub(super) fn into_hits(self) -> Vec<Hit> {
        self.hits
    }
}
