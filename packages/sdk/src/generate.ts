export function generateSdk(_operations: readonly unknown[]): ReadonlyMap<string, string> {
  return new Map();
}
