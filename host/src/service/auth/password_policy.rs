//! Which passwords are taken: length, and not one that everybody tries. No composition rules (NIST SP 800-63B, 5.1.1.2).
//!
//! With at least twelve characters a list of common passwords is nearly empty of plain entries; what people really choose
//! is a common word with a tail, a word twice, or a walk over the keyboard. So the rule takes the tail and the
//! disguise off and compares what is left with a compact list.

/// Fewest characters.
pub const FEWEST: usize = 12;
/// Most bytes: more is no safer and only costs.
pub const MOST_BYTES: usize = 1_024;

/// Words that carry no secret, in lower case, without disguise.
const WORDS: &[&str] = &[
    "password",
    "passwort",
    "passphrase",
    "passcode",
    "motdepasse",
    "contrasena",
    "senha",
    "parola",
    "haslo",
    "wachtwoord",
    "letmein",
    "welcome",
    "willkommen",
    "bienvenue",
    "administrator",
    "admin",
    "administration",
    "root",
    "superuser",
    "operator",
    "default",
    "changeme",
    "changeit",
    "secret",
    "login",
    "guest",
    "test",
    "testing",
    "tester",
    "user",
    "username",
    "temp",
    "temporary",
    "example",
    "sample",
    "mnemosyne",
    "qwerty",
    "qwertz",
    "azerty",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "yxcvbnm",
    "iloveyou",
    "iloveu",
    "ilovegod",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "basketball",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "starwars",
    "pokemon",
    "trustno",
    "trustnoone",
    "shadow",
    "master",
    "michael",
    "jordan",
    "computer",
    "internet",
    "server",
    "database",
    "company",
    "business",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "liverpool",
    "chelsea",
    "arsenal",
    "barcelona",
    "google",
    "facebook",
    "microsoft",
    "windows",
    "whatever",
    "nothing",
    "something",
    "freedom",
    "forever",
    "hello",
    "helloworld",
    "hallo",
    "blink",
    "charlie",
    "jessica",
    "ashley",
    "jennifer",
    "thomas",
    "andrea",
    "samsung",
    "mustang",
    "ferrari",
    "mercedes",
    "porsche",
    "cookie",
    "chocolate",
    "butterfly",
    "flower",
    "lovely",
    "babygirl",
    "angel",
    "anthony",
    "william",
    "daniel",
    "robert",
    "matthew",
    "joshua",
    "andrew",
    "thisisapassword",
    "thequickbrownfox",
    "opensesame",
    "abracadabra",
    "access",
    "accessgranted",
    "unknown",
];

/// What fingers do without thinking; three stretches, forwards or backwards, are no password.
const WALKS: &[&str] = &[
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// Why a password is not taken; `None` when it is. `about` is what anybody knows of the person: name, e-mail.
pub fn objection(password: &str, about: &[&str]) -> Option<&'static str> {
    if password.chars().count() < FEWEST {
        return Some("must have at least 12 characters");
    }
    if password.len() > MOST_BYTES {
        return Some("must have at most 1024 bytes");
    }
    if password.contains('\0') {
        return Some("must not contain the NUL character");
    }
    let plain = [undisguise(password), letters(password)];
    let is = |word: &str| plain.iter().any(|plain| repeats(plain, word));
    let near = |word: &str| word.len() >= 4 && (is(&undisguise(word)) || is(&letters(word)));
    if about.iter().flat_map(|text| [*text, text.split('@').next().unwrap_or(text)]).any(near) {
        return Some("must not be your name or address");
    }
    if plain[0].chars().count() < 3 || walks(&password.to_lowercase()) || WORDS.iter().any(|word| is(word)) || few_characters(password) {
        return Some("is too common; take several unrelated words");
    }
    None
}

/// Lower case, the usual letters for look-alikes, and only letters: `P@ssw0rd!2024` becomes `password`.
fn undisguise(text: &str) -> String {
    let trimmed = text.trim_matches(|char: char| !char.is_alphabetic() && !"@$".contains(char));
    let letter = |char: char| match char {
        '@' | '4' => Some('a'),
        '$' | '5' => Some('s'),
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '7' => Some('t'),
        char if char.is_alphabetic() => Some(char),
        _ => None,
    };
    trimmed.to_lowercase().chars().filter_map(letter).collect()
}

/// Lower case and only letters: `Password!Password!` becomes `passwordpassword`.
fn letters(text: &str) -> String {
    text.to_lowercase().chars().filter(|char| char.is_alphabetic()).collect()
}

/// Is `text` nothing but `word`, once or more?
fn repeats(text: &str, word: &str) -> bool {
    !word.is_empty() && text.len() >= word.len() && text.split(word).all(str::is_empty)
}

/// Is `text` made of at most three stretches of walks?
fn walks(text: &str) -> bool {
    let mut rest = text;
    for _ in 0..3 {
        let stretch = (3..=rest.len()).rev().filter(|end| rest.is_char_boundary(*end)).find(|end| on_a_walk(&rest[..*end]));
        let Some(stretch) = stretch else { return false };
        rest = &rest[stretch..];
        if rest.is_empty() {
            return true;
        }
    }
    false
}

fn on_a_walk(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    WALKS.iter().any(|walk| walk.contains(text) || walk.contains(&backwards))
}

/// Fewer than five different characters.
fn few_characters(text: &str) -> bool {
    let mut seen: Vec<char> = text.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_is_refused() {
        for common in [
            "password1234",
            "P@ssw0rd!2024",
            "Password!Password!",
            "123456789012",
            "qwertyuiop123",
            "aaaaaaaaaaaa",
            "abababababab",
            "Welcome2024!!!",
            "1q2w3e4r5t6y",
            "Administrator1",
            "mnemosyne2026",
            "abcdefghijkl",
            "zyxwvutsrqponm",
            "qwertyuiopasdfghjkl",
            "1qaz2wsx3edc",
        ] {
            assert!(objection(common, &[]).is_some_and(|why| why.contains("common")), "{common}");
        }
    }

    #[test]
    fn ones_own_name_is_refused() {
        assert!(objection("ada.lovelace99", &["ada.lovelace", "ada@example.org"]).is_some());
        assert!(objection("adalovelace-adalovelace", &["adalovelace"]).is_some());
    }

    #[test]
    fn unrelated_words_are_taken() {
        for good in [
            "correct horse battery",
            "correct horse battery staple",
            "mountain-teapot-7",
            "žluťoučký kůň úpěl",
            "Tr0ub4dor&3-and-more",
            "kitchen violin raft",
            "passwords are hard to choose",
        ] {
            assert_eq!(objection(good, &["ada", "ada@example.org"]), None, "{good}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_from_below_and_in_bytes_from_above() {
        assert!(objection("elevenchars", &[]).is_some());
        assert!(objection(&"aé b!c?d".repeat(150), &[]).is_some_and(|why| why.contains("1024")));
    }
}
