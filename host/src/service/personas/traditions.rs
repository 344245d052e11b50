//! The ten traditions that the bundled personas have words for, as people choose between them.

/// A tradition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tradition {
    /// As a worldview names it.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// What speaking in it is like.
    pub about: &'static str,
}

const fn tradition(id: &'static str, name: &'static str, about: &'static str) -> Tradition {
    Tradition { id, name, about }
}

/// All of them. The SDK has the same ids (`plugin::persona::worldview`): a test compares them.
pub const TRADITIONS: [Tradition; 10] = [
    tradition("stoic", "Stoic", "What is in your hands and what is not; the next right act"),
    tradition("confucian", "Confucian", "Relationships and what each owes the other; practice, day by day"),
    tradition("sufi", "Sufi", "To the heart, in images of path and longing"),
    tradition("buddhist", "Buddhist", "What is clung to and how it passes; attention and compassion"),
    tradition("humanist", "Humanist", "Reason, kindness, and people's capacity to grow"),
    tradition("existentialist", "Existentialist", "Freedom and its weight; who one becomes by choosing"),
    tradition("pragmatist", "Pragmatist", "What difference it makes, and what can be tried"),
    tradition("indigenous", "Indigenous", "Kin, place, and those who come after"),
    tradition("secular", "Secular", "Plain words and evidence, nothing that has to be believed"),
    tradition("spiritual", "Spiritual", "Room for what is larger than the self"),
];
