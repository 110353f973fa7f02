/** What stands in place of a secret. */
export const REMOVED = '[removed]';

/** Shorter than this, a secret that is known would also remove words that only contain it. The platform's have 16 and more. */
const SHORTEST_KNOWN = 6;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Names of settings and members whose values are secret, whatever the value looks like. */
const SECRET_NAME = String.raw`[\w.-]*(?:password|passwd|passphrase|secret|token|credential|authorization|cookie|signature|api[_-]?key|master[_-]?key|private[_-]?key|access[_-]?key|session[_-]?key|recovery[_-]?code|otp|totp)[\w.-]*`;

/** In the order in which they are applied: what is most certain comes first. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, REMOVED],
  // A key of ours, by its form alone.
  [/thecloud_[0-9a-f]{16,}/gi, REMOVED],
  // A sealed value: see the server's seal.ts.
  [/\bv\d+\.[\w-]{16}\.[\w-]{22,}/g, REMOVED],
  // The user and the password of any URL.
  // As readers of URLs do, up to the last @: a password may hold one.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/"']*@/gi, `$1${REMOVED}@`],
  // A query's signature or token, such as that of a presigned URL.
  [/([?&](?:X-Amz-[\w-]+|signature|token|key|code)=)[^&\s"']+/gi, `$1${REMOVED}`],
  [/\b(Bearer|Basic|AWS4-HMAC-SHA256)\s+[^\s"'][^"'\n]*/g, `$1 ${REMOVED}`],
  [/\b(?:AKIA|ASIA|TCAK)[A-Z0-9]{12,}\b/g, REMOVED],
  // "password": "x", password=x, password: x
  [new RegExp(String.raw`("${SECRET_NAME}"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,}\]]+)`, 'gi'), `$1"${REMOVED}"`],
  [
    new RegExp(String.raw`(\b${SECRET_NAME}\s*[=:]\s*)(?!"?\[removed\])("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"']+)`, 'gi'),
    `$1${REMOVED}`,
  ],
];

/** What could be random: long, and no word of a language. Ids stay, because the person who helps needs them. */
const RANDOM = /[A-Za-z0-9+/_-]{20,}={0,2}/g;

function looksRandom(text: string): boolean {
  if (UUID.test(text)) return false;
  const hasDigit = /\d/.test(text);
  const [hasUpper, hasLower] = [/[A-Z]/.test(text), /[a-z]/.test(text)];
  // A path, or words with lines between them: each part is short.
  const longest = Math.max(...text.split(/[/_-]/).map((part) => part.length));
  if (!hasDigit) return hasUpper && hasLower && text.length >= 32 && longest >= 16;
  return longest >= 16 || (hasUpper && hasLower && text.length >= 24 && longest >= 8);
}

/**
 * Removes secrets from a text: those that are known, in each form in which they could have been written down, and what has the form of one.
 * Rather too much than too little.
 */
export function createRedactor(known: readonly (string | Uint8Array)[]): (text: string) => string {
  const forms = [...new Set(known.flatMap(formsOf))]
    .filter((form) => form.length >= SHORTEST_KNOWN)
    // The longest first, so that no piece of it is left.
    .sort((one, other) => other.length - one.length);
  return (text) => {
    let clean = text;
    for (const form of forms) clean = clean.replaceAll(form, REMOVED);
    for (const [pattern, instead] of PATTERNS) clean = clean.replace(pattern, instead);
    return clean.replace(RANDOM, (found) => (looksRandom(found) ? REMOVED : found));
  };
}

function formsOf(secret: string | Uint8Array): readonly string[] {
  const bytes = Buffer.from(secret);
  const encoded = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ];
  if (typeof secret !== 'string') return encoded;
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...encoded];
}
