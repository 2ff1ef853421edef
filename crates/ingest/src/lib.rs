//! From an importer's records to a revision of the store.
#![allow(dead_code)]
mod options;
mod repair;
mod report;
mod simple;
