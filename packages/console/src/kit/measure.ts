const UNITS: Readonly<Record<string, string>> = { mb: 'MB', gb: 'GB' };
const TITLES: Readonly<Record<string, string>> = { vcpus: 'vCPUs', vpcs: 'VPCs', api_keys: 'API keys' };

/** What a quota counts, for people, and in which unit: `memory_mb` → Memory, in MB. */
export function measureOf(resource: string): { readonly title: string; readonly unit?: string } {
  const [, name = resource, suffix] = /^(.+)_(mb|gb)$/.exec(resource) ?? [];
  const words = name.replaceAll('_', ' ');
  const title = TITLES[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
  return suffix === undefined ? { title } : { title, unit: UNITS[suffix]! };
}
