/** What `instances.exec` answers, as far as its outputs go. */
interface Outputs {
  readonly stdout: string;
  readonly stderr: string;
  readonly encoding: 'utf-8' | 'base64';
}

/** The outputs of a command as the bytes that it wrote. `truncated` of the result says whether they are all. */
export function outputBytes({ stdout, stderr, encoding }: Outputs): { stdout: Uint8Array; stderr: Uint8Array } {
  const read = (text: string): Uint8Array =>
    encoding === 'utf-8'
      ? new TextEncoder().encode(text)
      : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return { stdout: read(stdout), stderr: read(stderr) };
}

/** Bytes at a time: a call takes no more arguments than that everywhere. */
const PIECE = 8192;

/** Bytes for standard input, as members of the input of `instances.exec`: `exec({ id, command, ...stdinBytes(bytes) })`. */
export function stdinBytes(bytes: Uint8Array): { stdin: string; stdin_encoding: 'base64' } {
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return { stdin: btoa(text), stdin_encoding: 'base64' };
}
