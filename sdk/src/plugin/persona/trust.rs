//! How far a person and a persona have come: 0…1, by how much the person has shared. The host says it in `turn.trust`.

/// Above this a persona may speak more freely.
pub const CLOSE: f32 = 0.8;

/// The trust that so many shared memories give: fewer than 5 → 0.3, than 20 → 0.5, than 50 → 0.7, else 0.9.
///
/// ```
/// use mnemosyne_sdk::plugin::persona::trust::of_memories;
/// assert_eq!([0, 4, 5, 19, 20, 49, 50].map(of_memories), [0.3, 0.3, 0.5, 0.5, 0.7, 0.7, 0.9]);
/// ```
pub fn of_memories(count: u64) -> f32 {
    match count {
        0..5 => 0.3,
        5..20 => 0.5,
        20..50 => 0.7,
        _ => 0.9,
    }
}

/// How to speak at this trust, for the system message.
///
/// ```
/// use mnemosyne_sdk::plugin::persona::trust::manner;
/// assert_ne!(manner(0.3), manner(0.9));
/// ```
pub fn manner(trust: f32) -> &'static str {
    if trust < 0.4 {
        "You have only just met: assume little, ask before you interpret, do not presume closeness."
    } else if trust <= CLOSE {
        "You know this person a little: build on what they shared, and check that it still holds."
    } else {
        "You know this person well: you may be plain with them and name what you notice, with care."
    }
}

/// A temperature at this trust: one tenth more when close, so that the talk is freer.
///
/// ```
/// use mnemosyne_sdk::plugin::persona::trust::temperature;
/// assert_eq!((temperature(0.5, 0.7), temperature(0.5, 0.9)), (0.5, 0.6));
/// ```
pub fn temperature(usual: f32, trust: f32) -> f32 {
    if trust > CLOSE { (usual + 0.1).min(2.0) } else { usual }
}
