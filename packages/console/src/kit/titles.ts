/** `created_at` → `Created`, `private_ip` → `Private IP`; with a unit that is shown beside the value, `memory_mb` → `Memory`. */
export function titleOf(member: string, unit?: string): string {
  const words = member
    .replace(/_(at|id)$/, '')
    .split('_')
    .map((word) => ACRONYMS[word] ?? word);
  if (words.length > 1 && words.at(-1) === unit) words.pop();
  return words.join(' ').replace(/^[a-z](?![A-Z])/, (first) => first.toUpperCase());
}

const ACRONYMS: Readonly<Record<string, string>> = {
  id: 'ID',
  ip: 'IP',
  vpc: 'VPC',
  cidr: 'CIDR',
  cidrs: 'CIDRs',
  aws: 'AWS',
  arn: 'ARN',
  dns: 'DNS',
  cpu: 'CPU',
  vcpus: 'vCPUs',
  mb: 'MB',
  gb: 'GB',
  mbps: 'Mbit/s',
  oom: 'OOM',
  url: 'URL',
};
