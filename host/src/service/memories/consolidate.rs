//! Consolidation: near-duplicates, and facts that a newer memory of the same title has overtaken, are proposed; merging them
//! hides the older ones behind the one that is kept. Nothing is destroyed: each can be restored.
//!
//! Texts are compared by their bags of words (weighted Jaccard: shared words of all words), so the answer needs no model and
//! is the same everywhere. Only memories that share a rare word are compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::words::entries;
use super::{Memories, validate};
use crate::error::{Fault, Outcome};
use crate::model::memory::Memory;
use crate::service::principal::Principal;
use crate::store::memories::{self, Bag};

/// Memories that are compared: the newest.
const COMPARED: i64 = 2_000;
/// The rarest words of a memory, by which others are found that may be alike.
const RARE: usize = 10;
/// A word that more memories have finds nobody.
const COMMON: usize = 200;
/// How alike a memory must be to one of the same title to have been overtaken by it.
const OVERTAKEN: f64 = 0.3;

/// How to consolidate.
#[derive(Clone, Copy, Debug)]
pub struct Consolidation {
    /// Only propose.
    pub dry_run: bool,
    /// From how alike on two are near-duplicates, 0.5…1.
    pub threshold: f64,
    /// Proposals at most.
    pub limit: usize,
}

/// Why memories belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// They say nearly the same.
    NearDuplicate,
    /// A newer one of the same title says it otherwise.
    Superseded,
}

/// Memories that may become one.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The one that stays.
    pub keep: Uuid,
    /// Those that it takes the place of.
    pub merge: Vec<Uuid>,
    /// The least likeness among them, 0…1.
    pub similarity: f64,
    /// Why.
    pub reason: Reason,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Consolidated {
    /// What belongs together.
    pub proposals: Vec<Proposal>,
    /// Memories that were merged into others; 0 for a dry run.
    pub merged: usize,
}

impl Memories {
    /// Proposes what to merge, and does it unless it is a dry run.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn consolidate(&self, who: &Principal, how: Consolidation) -> Outcome<Consolidated> {
        let bags = memories::bags(&self.0.db, who.user, COMPARED).await?;
        // compared apart from the threads that serve: thousands of texts take their time
        let compared = tokio::task::spawn_blocking(move || propose(&bags, how.threshold));
        let mut proposals = compared.await.map_err(Fault::internal)?;
        proposals.truncate(how.limit);
        let mut merged = 0;
        if !how.dry_run && !proposals.is_empty() {
            let mut writing = self.writing(who.user).await?;
            for proposal in &proposals {
                let Some(mut keep) = memories::find(&mut writing.tx, who.user, proposal.keep).await?.filter(|keep| keep.is_active) else {
                    continue;
                };
                let before = keep.clone();
                for id in &proposal.merge {
                    // changed or gone meanwhile: it is left alone
                    let Some(old) = memories::find(&mut writing.tx, who.user, *id).await?.filter(|old| old.is_active) else { continue };
                    if proposal.reason == Reason::NearDuplicate {
                        take_over(&mut keep, &old);
                    }
                    let updated_at = writing.now.max(old.updated_at);
                    writing.hide(Memory { superseded_by: Some(keep.id), updated_at, ..old }).await?;
                    merged += 1;
                }
                if keep != before {
                    let updated_at = writing.now.max(keep.updated_at);
                    writing.update(Memory { updated_at, ..keep }, None).await?;
                }
            }
            writing.commit().await?;
        }
        Ok(Consolidated { proposals, merged })
    }
}

/// What of a near-duplicate would be lost otherwise.
fn take_over(keep: &mut Memory, old: &Memory) {
    keep.importance = keep.importance.max(old.importance);
    let mut tags = keep.tags.clone();
    tags.extend(old.tags.iter().cloned());
    let mut tags = validate::once(tags);
    tags.truncate(50);
    keep.tags = tags;
}

/// What belongs together, most alike first. Each memory is in one proposal at most.
fn propose(bags: &[Bag], threshold: f64) -> Vec<Proposal> {
    let counts: Vec<HashMap<u32, u16>> = bags.iter().map(|bag| entries(&bag.bag).collect()).collect();
    let neighbours = neighbours(&counts);
    // who stays: the most important, then the newest
    let mut order: Vec<usize> = (0..bags.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&bags[*a], &bags[*b]);
        b.importance.total_cmp(&a.importance).then_with(|| b.created_at.cmp(&a.created_at)).then_with(|| b.id.cmp(&a.id))
    });
    let (mut taken, mut proposals) = (HashSet::new(), Vec::new());
    for at in order {
        if taken.contains(&at) {
            continue;
        }
        let (mut merge, mut similarity) = (Vec::new(), 1.0_f64);
        for other in neighbours[at].iter().filter(|other| !taken.contains(*other)) {
            let alike = alike(&counts[at], &counts[*other]);
            if alike >= threshold {
                merge.push(*other);
                similarity = similarity.min(alike);
            }
        }
        if !merge.is_empty() {
            taken.insert(at);
            taken.extend(merge.iter().copied());
            let merge = merge.into_iter().map(|other| bags[other].id).collect();
            proposals.push(Proposal { keep: bags[at].id, merge, similarity, reason: Reason::NearDuplicate });
        }
    }
    proposals.extend(overtaken(bags, &counts, &mut taken));
    proposals.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then_with(|| b.keep.cmp(&a.keep)));
    proposals
}

/// Memories of one title of which the newest says it otherwise.
fn overtaken(bags: &[Bag], counts: &[HashMap<u32, u16>], taken: &mut HashSet<usize>) -> Vec<Proposal> {
    let mut titles: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    // the newest comes first, as the rows do
    for (at, bag) in bags.iter().enumerate().filter(|(at, bag)| !taken.contains(at) && !bag.title.trim().is_empty()) {
        titles.entry(bag.title.trim().to_lowercase()).or_default().push(at);
    }
    let mut proposals = Vec::new();
    for group in titles.into_values() {
        let Some((newest, older)) = group.split_first() else { continue };
        let alike: Vec<(usize, f64)> = older.iter().map(|at| (*at, alike(&counts[*newest], &counts[*at]))).collect();
        let alike: Vec<(usize, f64)> = alike.into_iter().filter(|(_, alike)| *alike >= OVERTAKEN).collect();
        if let Some(similarity) = alike.iter().map(|(_, alike)| *alike).reduce(f64::min) {
            taken.extend(alike.iter().map(|(at, _)| *at));
            let merge = alike.into_iter().map(|(at, _)| bags[at].id).collect();
            proposals.push(Proposal { keep: bags[*newest].id, merge, similarity, reason: Reason::Superseded });
        }
    }
    proposals
}

/// For each memory those that share one of its rarest words.
fn neighbours(counts: &[HashMap<u32, u16>]) -> Vec<Vec<usize>> {
    let mut having: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, bag) in counts.iter().enumerate() {
        for key in bag.keys() {
            having.entry(*key).or_default().push(at);
        }
    }
    counts
        .iter()
        .enumerate()
        .map(|(at, bag)| {
            let mut rare: Vec<(usize, u32)> = bag.keys().map(|key| (having[key].len(), *key)).collect();
            rare.sort_unstable();
            let near =
                rare.iter().filter(|(had, _)| (2..=COMMON).contains(had)).take(RARE).flat_map(|(_, key)| having[key].iter().copied());
            let mut near: Vec<usize> = near.filter(|other| *other != at).collect();
            near.sort_unstable();
            near.dedup();
            near
        })
        .collect()
}

/// Weighted Jaccard: shared words of all words.
fn alike(a: &HashMap<u32, u16>, b: &HashMap<u32, u16>) -> f64 {
    let shared: u64 = a.iter().map(|(key, count)| u64::from((*count).min(b.get(key).copied().unwrap_or(0)))).sum();
    let sum = |bag: &HashMap<u32, u16>| bag.values().map(|count| u64::from(*count)).sum::<u64>();
    let all = sum(a) + sum(b) - shared;
    #[expect(clippy::cast_precision_loss, reason = "words of two memories")]
    let share = if all == 0 { 0.0 } else { shared as f64 / all as f64 };
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::memories::words::Words;

    fn bag(id: u128, title: &str, text: &str) -> Bag {
        let words = Words::of(Uuid::nil(), title, text);
        Bag { id: Uuid::from_u128(id), importance: 0.5, created_at: i64::try_from(id).unwrap(), title: title.into(), bag: words.bag }
    }

    #[test]
    fn what_says_nearly_the_same_belongs_together_and_the_newest_stays() {
        let bags = [
            bag(5, "", "The boiler in the cellar was serviced by Mr Okafor in March"),
            bag(4, "", "Completely other things about gardens"),
            bag(3, "", "The boiler in the cellar was serviced by Mr Okafor in march!"),
            bag(2, "Phone of Ana", "Ana can be reached at 555 1234 in the evening"),
            bag(1, "Phone of Ana", "Ana can be reached at 555 9999 only"),
        ];
        let found = propose(&bags, 0.8);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(
            (found[0].keep, found[0].merge.clone(), found[0].reason),
            (Uuid::from_u128(5), vec![Uuid::from_u128(3)], Reason::NearDuplicate)
        );
        assert_eq!(
            (found[1].keep, found[1].merge.clone(), found[1].reason),
            (Uuid::from_u128(2), vec![Uuid::from_u128(1)], Reason::Superseded)
        );
    }
}
