"""Getting models and choosing among them: hubs, packages, downloads, and what a machine can carry."""
