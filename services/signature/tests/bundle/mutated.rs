//! Blind mutations of honest bundles: none is accepted unless it means the same, and none panics.
