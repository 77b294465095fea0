//! A new API key: the key for its holder, and the lines for the settings that admit it.
//!
//! Randomness is an argument; [`os_random`] is where it comes from outside tests.

use secrecy::SecretString;

use super::digest::KEY_PREFIX;
use super::keys::{NameError, check_name};
use crate::domain::access::KeyDigest;

/// The characters of a key: URL-safe, and 64 of them, so that six bits of a random byte pick one evenly.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How many characters follow the prefix: 43 of six bits each are just over 256 bits.
const CHARACTERS: usize = 43;

/// A key that was just made. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The whole key, prefix included: for its holder, and kept nowhere.
    pub key: SecretString,
    /// What the settings keep of it.
    pub sha256: KeyDigest,
    /// The TOML that admits it to every shop, to read: ends in a line break.
    pub lines: String,
}

/// Why there is no new key; `R` is what the source of randomness says when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeygenError<R> {
    /// The name will not do.
    #[error("the name {0}")]
    Name(#[from] NameError),
    /// The system gives no randomness.
    #[error("no randomness: {0}")]
    Random(R),
}

/// Makes a key called `name` out of what `random` fills a buffer with.
///
/// # Errors
/// If the name will not do, or `random` fails.
pub fn generate_key<R>(
    name: &str,
    random: impl FnOnce(&mut [u8]) -> Result<(), R>,
) -> Result<NewKey, KeygenError<R>> {
    check_name(name)?;
    let mut bytes = [0; CHARACTERS];
    random(&mut bytes).map_err(KeygenError::Random)?;
    let picked = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 0b11_1111)));
    let key: String = KEY_PREFIX.chars().chain(picked.map(|letter| char::from(*letter))).collect();
    let sha256 = KeyDigest::of_key(&key);
    let name = toml::Value::from(name);
    let lines =
        format!("[[keys]]\nname = {name}\nsha256 = \"{sha256}\"\nshops = [\"*\"]\nscopes = [\"read\"]\n");
    Ok(NewKey { key: SecretString::from(key), sha256, lines })
}

/// Fills `buffer` from the operating system's source of randomness.
///
/// # Errors
/// If it has none.
pub fn os_random(buffer: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(buffer)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use secrecy::ExposeSecret;

    use super::super::Settings;
    use super::super::environment::Environment;
    use super::super::keys::NameError;
    use super::{KeyDigest, KeygenError, generate_key, os_random};
    use crate::domain::access::{Scope, ShopAccess};

    fn counting(buffer: &mut [u8]) -> Result<(), Infallible> {
        buffer.iter_mut().zip(0..).for_each(|(byte, count)| *byte = count);
        Ok(())
    }

    #[test]
    fn a_key_is_its_prefix_and_43_url_safe_characters() {
        let made = generate_key("erp", counting).unwrap();
        assert_eq!(made.key.expose_secret(), "tk_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq");
        assert_eq!(made.sha256, KeyDigest::of_key(made.key.expose_secret()));
    }

    #[test]
    fn two_keys_differ() {
        let key = || generate_key("erp", os_random).unwrap().sha256;
        assert_ne!(key(), key());
    }

    #[test]
    fn the_lines_admit_the_key_whatever_its_name() {
        for name in ["erp", "Cửa hàng \"mẫu\"", r"back\slash", "'quote'", "# no comment", "]]"] {
            let made = generate_key(name, counting).unwrap();
            let settings = Settings::from_toml(&made.lines, &Environment::default()).unwrap();
            assert_eq!(settings.keys.len(), 1, "{name}");
            assert_eq!(settings.keys[0].name, name);
            assert_eq!(settings.keys[0].sha256, made.sha256);
            assert_eq!(settings.keys[0].shops, ShopAccess::All);
            assert_eq!(settings.keys[0].scopes, [Scope::Read].into());
        }
    }

    #[test]
    fn neither_the_lines_nor_debug_hold_the_key() {
        let made = generate_key("erp", counting).unwrap();
        assert!(!format!("{made:?}").contains("ABCDEF"));
        assert!(!made.lines.contains("ABCDEF"));
    }

    #[test]
    fn a_name_that_the_settings_would_refuse_is_refused() {
        for (name, expect) in [
            (" ", NameError::Empty),
            ("two\nlines", NameError::Control),
            ("x".repeat(65).as_str(), NameError::TooLong),
        ] {
            assert_eq!(generate_key(name, counting).unwrap_err(), KeygenError::Name(expect));
        }
    }
}
