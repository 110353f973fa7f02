const KEY = 'recent';
const MOST = 8;

/** Names of pages and actions alone outlive the page: a resource's name is nobody else's business on a shared computer. */
const isKept = (id: string): boolean => !id.startsWith('item ');

let recent: readonly string[] | undefined;

const read = (): readonly string[] => {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((one) => typeof one === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
};

/** What was chosen in the palette, last first. */
export const recentChoices = (): readonly string[] => (recent ??= read());

export function rememberChoice(id: string): void {
  recent = [id, ...recentChoices().filter((one) => one !== id)].slice(0, MOST);
  localStorage.setItem(KEY, JSON.stringify(recent.filter(isKept)));
}
