export { readCommand } from '../command-line.ts';
export { findMisspelt, SettingsError } from '../config.ts';
