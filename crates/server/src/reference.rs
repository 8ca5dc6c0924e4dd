//! Reference pages for the book, generated from the registry and from the settings.
