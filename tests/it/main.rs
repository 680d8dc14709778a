//! The one integration binary. Each module says what it is about in its first line.

mod archive;
mod backtest;
mod bad_input;
mod bad_request;
mod client;
mod command;
mod config_clients;
mod config_credentials;
mod config_file;
mod config_hostile;
mod config_npm;
mod corpus;
mod crates_io;
mod docs;
mod doctor;
mod document;
#[allow(unsafe_code, reason = "a counting allocator cannot be written without")]
mod heap;
mod layers;
mod list_samples;
mod lists_boms;
mod lists_bounds;
mod lists_files;
mod lists_npm;
mod lists_python;
mod lists_ruby_rust;
mod npm;
mod npm_hostile;
mod npm_memory;
mod npm_sources;
mod packuments;
mod pull;
mod pull_faults;
mod pull_registries;
mod pull_servers;
mod pypi;
mod pypi_journal;
mod pypi_provenance;
mod registries;
mod replay;
mod replay_self;
mod rubygems;
mod score;
mod servers;
mod servers_self;
mod shared;
mod signals;
mod surprise;
mod surroundings;
mod tables;
mod transcript;
mod watch;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;
