// Placeholder until this module is filled.
