//! Helm's provenance files: what a chart says of itself and the digest of its archive, signed by OpenPGP.

use super::error::OciError;
use crate::package::digest;
use crate::source::SourceMap;
use crate::yaml::emit::{Data, block};
use crate::yaml::parse;
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, Deserializable, SignedPublicKey, SignedPublicSubKey, SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails, KeyVersion, Password, SigningKey, Tag, Timestamp};

/// What stands between the chart's metadata and the digests.
const BORDER: &str = "\n...\n";
/// No provenance file is larger.
const LIMIT: usize = 1 << 20;
/// How far clocks may differ, in seconds.
const SKEW: u64 = 24 * 60 * 60;

/// Public keys of OpenPGP.
#[derive(Clone, Debug)]
pub struct Ring {
    keys: Vec<SignedPublicKey>,
}

/// A private key of OpenPGP.
pub struct Signer {
    key: SignedSecretKey,
    password: Password,
}

impl Ring {
    /// Tells whether bytes look like keys of OpenPGP.
    pub fn looks_like(bytes: &[u8]) -> bool {
        bytes.starts_with(b"-----BEGIN PGP") || bytes.first().is_some_and(|first| first & 0x80 != 0) || is_keybox(bytes)
    }

    /// Reads a keyring, as `gpg --export` writes it, armoured or not. Keys of kinds that nobody uses any more are left out.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, OciError> {
        let keys = keys(name, bytes)?;
        Ok(Self { keys })
    }

    /// Verifies a provenance file of an archive; gives who signed it, else why it proves nothing. `now` is in seconds since
    /// 1970.
    pub fn verify(&self, provenance: &[u8], file: &str, archive: &[u8], now: u64) -> Result<String, String> {
        let no_text = || "the provenance file is no text that OpenPGP signed".to_owned();
        let text = std::str::from_utf8(provenance).ok().filter(|text| text.len() <= LIMIT).ok_or_else(no_text)?;
        let (message, _) = CleartextSignedMessage::from_string(text).map_err(|_| no_text())?;
        let signed = message.signed_text();
        let mut reason = "the provenance file is signed by another key".to_owned();
        let mut signer = None;
        for (key, signature) in self.keys.iter().flat_map(|key| message.signatures().iter().map(move |one| (key, one)))
        {
            match stands(key, signature, signed.as_bytes(), now) {
                Some(Ok(())) => signer = signer.or(Some(key)),
                Some(Err(why)) => why.clone_into(&mut reason),
                None => {}
            }
        }
        let signer = signer.ok_or(reason)?;
        let told = told(&signed.replace("\r\n", "\n"), file);
        match told {
            Some(told) if told == digest(archive) => Ok(called(signer)),
            Some(told) => Err(format!("the provenance file tells of {told}, and the archive is {}", digest(archive))),
            None => Err(format!("the provenance file tells nothing of `{file}`")),
        }
    }
}

impl Signer {
    /// Reads a private key, the one whose name or fingerprint holds what is `wanted`, and opens it.
    pub fn read(name: &str, bytes: &[u8], wanted: Option<&str>, password: &[u8]) -> Result<Self, OciError> {
        let wrong = |reason: String| OciError::Unreadable { what: format!("the keyring `{name}`"), reason };
        let mut keys: Vec<SignedSecretKey> = keys(name, bytes)?;
        let names = |key: &SignedSecretKey| {
            let users = key.details.users.iter().filter_map(|user| user.id.as_str().map(str::to_lowercase));
            users.chain([key.primary_key.fingerprint().to_string()]).collect::<Vec<_>>()
        };
        if let Some(wanted) = wanted.map(str::to_lowercase) {
            keys.retain(|key| names(key).iter().any(|name| name.contains(&wanted)));
        }
        let key = match (keys.len(), keys.pop()) {
            (1, Some(key)) => key,
            (0, _) => return Err(wrong(format!("no private key in it is called `{}`", wanted.unwrap_or_default()))),
            _ => return Err(wrong("it holds several private keys that may be meant".to_owned())),
        };
        Ok(Self { key, password: Password::from(password) })
    }

    /// Writes the provenance file of an archive. `now` is in seconds since 1970.
    pub fn sign(&self, chart: &Data, file: &str, archive: &[u8], now: u64) -> Result<String, OciError> {
        let text = format!("{}{BORDER}files:\n  {file}: {}", block(chart, 0).trim_end(), digest(archive));
        let signing = self
            .key
            .secret_subkeys
            .iter()
            .find(|subkey| subkey.signatures.iter().any(|signature| signature.key_flags().sign()));
        let signed = match signing {
            Some(subkey) => self.by(&subkey.key, &text, now),
            None => self.by(&self.key.primary_key, &text, now),
        };
        signed.map_err(|reason| OciError::Setup(format!("the key does not sign: {reason}")))
    }

    fn by(&self, key: &impl SigningKey, text: &str, now: u64) -> Result<String, String> {
        if key.version() != KeyVersion::V4 {
            return Err("it is of another version than 4, which Helm does not read".to_owned());
        }
        let failed = |error: pgp::errors::Error| error.to_string();
        let mut config = SignatureConfig::v4(SignatureType::Text, key.algorithm(), HashAlgorithm::Sha512);
        let subpacket = |data| Subpacket::regular(data).map_err(failed);
        let now = Timestamp::from_secs(u32::try_from(now).unwrap_or(u32::MAX));
        config.hashed_subpackets = vec![
            subpacket(SubpacketData::SignatureCreationTime(now))?,
            subpacket(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        ];
        config.unhashed_subpackets = vec![subpacket(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
        let message = CleartextSignedMessage::new(text, config, key, &self.password).map_err(failed)?;
        message.to_armored_string(ArmorOptions::default()).map_err(failed)
    }
}

fn is_keybox(bytes: &[u8]) -> bool {
    bytes.get(8..12) == Some(b"KBXf".as_slice())
}

fn keys<K: Deserializable>(name: &str, bytes: &[u8]) -> Result<Vec<K>, OciError> {
    let wrong =
        |reason: &str| OciError::Unreadable { what: format!("the keyring `{name}`"), reason: reason.to_owned() };
    if is_keybox(bytes) {
        return Err(wrong("it is in GnuPG's own format; `gpg --export` writes one that others read"));
    }
    let keys: Vec<K> = if bytes.starts_with(b"-----BEGIN PGP") {
        K::from_armor_many_buf(bytes).map(|(keys, _)| keys.filter_map(Result::ok).collect()).unwrap_or_default()
    } else {
        K::from_bytes_many(bytes).map(|keys| keys.filter_map(Result::ok).collect()).unwrap_or_default()
    };
    if keys.is_empty() { Err(wrong("it holds no key of this kind")) } else { Ok(keys) }
}

/// Judges a signature by a key: none where it is not by this key, an error where the key may not sign any more.
fn stands(key: &SignedPublicKey, signature: &Signature, text: &[u8], now: u64) -> Option<Result<(), &'static str>> {
    let primary = signature.verify(&key.primary_key, text).is_ok();
    let subkey = key.public_subkeys.iter().find(|subkey| signature.verify(&subkey.key, text).is_ok());
    if !primary && subkey.is_none() {
        return None;
    }
    Some(may_sign(key, subkey.filter(|_| !primary), signature, now))
}

fn may_sign(
    key: &SignedPublicKey,
    subkey: Option<&SignedPublicSubKey>,
    signature: &Signature,
    now: u64,
) -> Result<(), &'static str> {
    let strong = [
        HashAlgorithm::Sha224,
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
        HashAlgorithm::Sha3_256,
        HashAlgorithm::Sha3_512,
    ];
    if signature.hash_alg().is_none_or(|hash| !strong.contains(&hash)) {
        return Err("the provenance file is signed over a digest that can be forged");
    }
    let made = signature.created().ok_or("the signature does not tell when it was made")?;
    let made = u64::from(made.as_secs());
    if made > now + SKEW {
        return Err("the signature was made in the future");
    }
    let ends = |from: Timestamp, duration: Option<pgp::types::Duration>| {
        duration
            .filter(|duration| duration.as_secs() > 0)
            .map(|duration| u64::from(from.as_secs()) + u64::from(duration.as_secs()))
    };
    if signature
        .created()
        .and_then(|made| ends(made, signature.signature_expiration_time()))
        .is_some_and(|end| end < now)
    {
        return Err("the signature has expired");
    }
    let primary = &key.primary_key;
    if key.details.revocation_signatures.iter().any(|revocation| revocation.verify_key(primary).is_ok()) {
        return Err("the provenance file is signed by a key that was revoked");
    }
    // What the key says of itself: the newest counts.
    let direct = key.details.direct_signatures.iter().filter(|own| own.verify_key(primary).is_ok());
    let of_users = key.details.users.iter().flat_map(|user| {
        user.signatures.iter().filter(|own| own.verify_certification(primary, Tag::UserId, &user.id).is_ok())
    });
    let own = direct.chain(of_users).max_by_key(|own| own.created().map(Timestamp::as_secs));
    let own = own.ok_or("the provenance file is signed by a key that says nothing of itself")?;
    let over = |created: Timestamp, binding: &Signature| {
        u64::from(created.as_secs()) > made
            || ends(created, binding.key_expiration_time()).is_some_and(|end| end < made)
    };
    if over(primary.created_at(), own) {
        return Err("the provenance file is signed by a key that had expired");
    }
    let Some(subkey) = subkey else {
        let flags = own.key_flags();
        let silent = !(flags.certify() || flags.encrypt_comms() || flags.encrypt_storage() || flags.authentication());
        return if flags.sign() || silent {
            Ok(())
        } else {
            Err("the provenance file is signed by a key that is not for signing")
        };
    };
    let valid = |binding: &&Signature| binding.verify_subkey_binding(primary, &subkey.key).is_ok();
    // Whoever holds such a packet means it: it is not held against the key.
    if subkey.signatures.iter().any(|one| one.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Err("the provenance file is signed by a key that was revoked");
    }
    let bindings = subkey.signatures.iter().filter(|one| one.typ() == Some(SignatureType::SubkeyBinding)).filter(valid);
    let binding = bindings.max_by_key(|binding| binding.created().map(Timestamp::as_secs));
    let binding = binding.ok_or("the provenance file is signed by a subkey that its key does not know")?;
    let back =
        binding.embedded_signature().is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok());
    if !binding.key_flags().sign() || !back {
        return Err("the provenance file is signed by a key that is not for signing");
    }
    if over(subkey.key.created_at(), binding) {
        Err("the provenance file is signed by a key that had expired")
    } else {
        Ok(())
    }
}

/// Names a key by its first user and its fingerprint.
fn called(key: &SignedPublicKey) -> String {
    let user = key.details.users.first().and_then(|user| user.id.as_str()).unwrap_or_default();
    let user: String = user.chars().filter(|c| !c.is_control()).take(100).collect();
    format!("{user} ({})", key.primary_key.fingerprint())
}

/// Finds what a signed text tells of a file: its digest.
fn told(text: &str, file: &str) -> Option<String> {
    // Two borders could be read in two ways.
    let (_, sums) = text.split_once(BORDER).filter(|(_, sums)| !sums.contains(BORDER))?;
    let parsed = parse(&SourceMap::new().add("provenance", sums));
    let sums = parsed.documents.first().filter(|_| parsed.diagnostics.is_empty())?.root().get("files")?;
    let mut named = sums.entries().filter(|entry| entry.name() == file);
    let first = named.next()?;
    named.next().is_none().then(|| first.value.text().to_owned())
}
