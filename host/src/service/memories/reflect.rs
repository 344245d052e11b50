//! Reflection: what a set of memories says together. A persona's plugin does it with its model; rules do it when nobody else
//! can: common themes, open questions, and statements that do not go together.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use super::search::Search;
use super::words::{self, each};
use super::{Memories, bm25};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::memory::Memory;
use crate::plugin::persona::{MemorySeen, Reflection};
use crate::service::moment::{Calendar, seed};
use crate::service::principal::Principal;
use crate::store::memories;

/// Memories that a query finds for it.
const FOUND: usize = 20;
/// Who reflects when nobody is named, whoever of them is bound first.
const REFLECTIVE: [&str; 2] = ["mirror", "confidant"];
/// Words that turn a statement round.
const NEGATIONS: [&str; 14] =
    ["not", "no", "never", "don", "doesn", "didn", "isn", "wasn", "stopped", "nicht", "kein", "keine", "nie", "niemals"];

/// On what.
#[derive(Clone, Debug)]
pub enum About {
    /// These of the caller's memories, at most 100.
    Memories(Vec<Uuid>),
    /// What is found for this.
    Query(String),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Reflected {
    /// In words.
    pub reflection: Reflection,
    /// What it is about.
    pub memories: Vec<Memory>,
    /// Which persona reflected; `None` = the host's rules did.
    pub persona: Option<String>,
}

impl Memories {
    /// Reflects on some of the caller's memories.
    ///
    /// # Errors
    /// 404 for a memory that is not the caller's; 422 for a persona that is not bound.
    pub async fn reflect(&self, who: &Principal, about: About, persona: Option<String>) -> Outcome<Reflected> {
        let persona = self.reflective(persona)?;
        let (memories, degraded) = match about {
            About::Memories(ids) => (self.all_of(who, &ids).await?, false),
            About::Query(query) => {
                let found = self.search(who, Search::hybrid(query, FOUND)).await?;
                (found.hits.into_iter().map(|hit| hit.memory).collect(), found.degraded)
            }
        };
        if let (Some(id), Some(personas), false) = (&persona, self.0.personas.get(), memories.is_empty()) {
            let at = Calendar::new(&who.timezone, 0).moment(self.0.clock.now(), seed(who.user, "reflection"), &who.locale);
            let seen: Vec<MemorySeen> = memories.iter().map(seen).collect();
            match personas.reflect(&who.into(), id, &seen, &at).await {
                Ok(reflection) => {
                    let reflection = Reflection { degraded: reflection.degraded || degraded, ..reflection };
                    return Ok(Reflected { reflection, memories, persona });
                }
                Err(unanswered) => tracing::warn!(persona = id, detail = unanswered.detail, "a persona did not reflect; rules do"),
            }
        }
        let reflection = self.by_rules(who.user, &memories).await?;
        Ok(Reflected { reflection, memories, persona: None })
    }

    /// Who reflects.
    fn reflective(&self, named: Option<String>) -> Outcome<Option<String>> {
        let bound = self.0.personas.get().map(|personas| personas.bound()).unwrap_or_default();
        let is_bound = |id: &str| bound.iter().any(|persona| persona.id == id);
        match named {
            Some(id) if is_bound(&id) => Ok(Some(id)),
            Some(_) => Err(Fault::field("/persona", "is no persona that is bound here")),
            None => Ok(REFLECTIVE.into_iter().find(|id| is_bound(id)).map(str::to_owned)),
        }
    }

    async fn all_of(&self, who: &Principal, ids: &[Uuid]) -> Outcome<Vec<Memory>> {
        let mut ids = ids.to_vec();
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(*id));
        let memories = self.owned(who.user, &ids).await?;
        if memories.len() == ids.len() { Ok(memories) } else { Err(Fault::not_found()) }
    }

    async fn by_rules(&self, user: Uuid, list: &[Memory]) -> Outcome<Reflection> {
        let themes = self.themes(user, list).await?;
        let mut questions: Vec<String> = list.iter().flat_map(|memory| open_questions(&memory.content)).collect();
        questions.extend(contradictions(list));
        questions.truncate(8);
        Ok(Reflection { summary: summary(list, &themes), themes, questions, degraded: true })
    }

    /// Tags and words that several of them share, those first that are rare among all of the person's memories.
    async fn themes(&self, user: Uuid, list: &[Memory]) -> Outcome<Vec<String>> {
        let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
        let mut shared: BTreeMap<String, usize> = BTreeMap::new();
        for memory in list {
            for tag in &memory.tags {
                *tags.entry(tag).or_default() += 1;
            }
            let mut own = HashSet::new();
            for text in [&memory.title, &memory.content] {
                each(text, false, |word| {
                    if word.chars().count() > 3 && own.insert(word.to_owned()) {
                        *shared.entry(word.to_owned()).or_default() += 1;
                    }
                });
            }
        }
        let least = if list.len() > 1 { 2 } else { 1 };
        let mut themes: Vec<(usize, &str)> =
            tags.into_iter().filter(|(_, count)| *count >= least).map(|(tag, count)| (count, tag)).collect();
        themes.sort_by_key(|(count, tag)| (std::cmp::Reverse(*count), *tag));
        let mut themes: Vec<String> = themes.into_iter().map(|(_, tag)| tag.to_owned()).take(8).collect();
        let mut common: Vec<(String, usize)> = shared.into_iter().filter(|(_, count)| *count >= least).collect();
        common.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        common.truncate(words::MOST_ASKED);
        let library = memories::library(&self.0.db, user).await?;
        let texts: Vec<&str> = common.iter().map(|(word, _)| word.as_str()).collect();
        let asked = words::asked(user, &texts.join(" "));
        let keys: Vec<String> = asked.iter().map(|(key, _)| key.text()).collect();
        let counts = memories::frequencies(&self.0.db, &keys).await?;
        let weight = |(word, count): &(bm25::Word, usize)| -word.rarity * f64::from(u32::try_from(*count).unwrap_or(u32::MAX));
        let mut weighed: Vec<(bm25::Word, usize)> = asked
            .into_iter()
            .zip(counts)
            .filter_map(|((key, text), documents)| {
                let count = common.iter().find(|(word, _)| *word == text)?.1;
                Some((bm25::Word::new(key, text, documents, library.documents), count))
            })
            .collect();
        weighed.sort_by(|a, b| weight(a).total_cmp(&weight(b)).then_with(|| a.0.text.cmp(&b.0.text)));
        themes.extend(weighed.into_iter().map(|(word, _)| word.text));
        Ok(super::validate::once(themes).into_iter().take(8).collect())
    }
}

fn seen(memory: &Memory) -> MemorySeen {
    #[expect(clippy::cast_possible_truncation, reason = "0…1")]
    let importance = memory.importance as f32;
    MemorySeen {
        id: memory.id,
        title: memory.title.clone(),
        content: memory.content.clone(),
        tags: memory.tags.clone(),
        importance,
        source_type: memory.source_type.text().to_owned(),
        created: memory.created_at,
        updated: memory.updated_at,
    }
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', '\n']).map(str::trim).filter(|sentence| !sentence.is_empty())
}

fn open_questions(content: &str) -> Vec<String> {
    let questions = sentences(content).filter(|sentence| sentence.ends_with('?') && sentence.chars().count() <= 300);
    questions.map(str::to_owned).take(3).collect()
}

/// Pairs of short statements that share most of their words while only one of them is turned round.
fn contradictions(list: &[Memory]) -> Vec<String> {
    let statements: Vec<(usize, &str, HashSet<String>, bool)> = list
        .iter()
        .enumerate()
        .flat_map(|(at, memory)| sentences(&memory.content).take(20).map(move |sentence| (at, sentence)))
        .filter(|(_, sentence)| sentence.chars().count() <= 200)
        .take(400)
        .map(|(at, sentence)| {
            let (mut own, mut turned) = (HashSet::new(), false);
            each(sentence, false, |word| {
                if NEGATIONS.contains(&word) {
                    turned = true;
                } else if word.chars().count() > 2 {
                    own.insert(word.to_owned());
                }
            });
            (at, sentence, own, turned)
        })
        .collect();
    let mut found = Vec::new();
    for (index, (at, sentence, own, turned)) in statements.iter().enumerate() {
        for (other_at, other, theirs, other_turned) in &statements[index + 1..] {
            let both = own.intersection(theirs).count();
            let alike = both >= 2 && both * 10 >= own.len().max(theirs.len()) * 6;
            if at != other_at && turned != other_turned && alike {
                found.push(format!("Which holds now: “{sentence}” or “{other}”?"));
            }
        }
    }
    found.truncate(4);
    found
}

fn summary(list: &[Memory], themes: &[String]) -> String {
    let made = || list.iter().map(|memory| memory.created_at);
    let (Some(oldest), Some(newest)) = (made().min(), made().max()) else {
        return "There is nothing to reflect on.".to_owned();
    };
    let count = if list.len() == 1 { "One memory".to_owned() } else { format!("{} memories", list.len()) };
    let (oldest, newest) = (day(oldest), day(newest));
    let when = if oldest == newest { format!("of {oldest}") } else { format!("from {oldest} to {newest}") };
    let about = if themes.is_empty() { String::new() } else { format!(", mostly about {}", themes[..themes.len().min(4)].join(", ")) };
    let weightiest = list.iter().max_by(|a, b| a.importance.total_cmp(&b.importance).then_with(|| a.created_at.cmp(&b.created_at)));
    let weightiest = weightiest.and_then(|memory| sentences(if memory.title.is_empty() { &memory.content } else { &memory.title }).next());
    let weightiest = weightiest.map(|text| text.chars().take(200).collect::<String>());
    let weightiest = weightiest.map(|text| format!(" What weighs most: {text}")).unwrap_or_default();
    format!("{count} {when}{about}.{weightiest}")
}

fn day(at: Millis) -> String {
    Calendar::new("UTC", 0).day(at).to_string()
}
