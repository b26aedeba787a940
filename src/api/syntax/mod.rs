//! The forms that the server asks of texts.
//!
//! Each function takes a text and gives what is wrong with it, as words behind "but": `None` where nothing is.

mod addresses;
mod cron;
mod der;
mod ip;
mod names;
mod networks;
mod pem;
mod zones;

pub(super) use addresses::{address, address_warning, unreachable};
pub(super) use cron::schedule;
pub(super) use der::{is_authority, signed};
pub(super) use ip::{Address, Network};
pub(super) use names::{
    config_key, dns_label, dns_label_1035, dns_subdomain, env_name, generated, header_name, label_value, path_segment,
    percentage, port_name, qualified_name, wildcard_dns_subdomain,
};
pub(super) use networks::{network, network_warning};
pub(super) use pem::blocks;
pub(super) use zones::time_zone;
