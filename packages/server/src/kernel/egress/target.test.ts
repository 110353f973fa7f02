import { describe, expect, it } from 'vitest';
import { checkHeaders, readTargetUrl } from './target.ts';

const read = (text: string, allowed: readonly string[] = []) => readTargetUrl('target_url', text, allowed);

describe('the URL of a call', () => {
  it.each([
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://１２７.0.0.1/',
    'http://127。0。0。1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://0xa9fea9fe/',
    'http://[fd00:ec2::254]/',
    'https://10.0.0.1:8443/',
    'http://%31%32%37.0.0.1/',
    'http://127.0.0.1.:8080/',
  ])('is refused if its address is not public, however it is written: %s', (text) => {
    expect(() => read(text)).toThrow('an address that is not public');
  });

  it.each([
    ['example.com', 'is not a URL'],
    ['file:///etc/passwd', 'neither http:// nor https://'],
    ['gopher://example.com/', 'neither http:// nor https://'],
    ['http://user:secret@example.com/', 'has a user or a password'],
    ['http://example.com:22/', 'the port 22'],
    ['http://example.com:25/', 'the port 25'],
    ['https://example.com:1023/', 'the port 1023'],
  ])('is refused: %s', (text, words) => {
    expect(() => read(text)).toThrow(words);
  });

  it('does not repeat a password in its refusal', () => {
    expect(() => read('http://user:secret@example.com/')).toThrow(/^(?!.*secret)/);
  });

  it.each([
    'http://example.com',
    'https://example.com:443/a?b=c#d',
    'http://example.com:1024/',
    'http://8.8.8.8:65535/',
    'HTTPS://EXAMPLE.COM/',
  ])('is taken: %s', (text) => {
    expect(read(text).hash).toBe('');
  });

  it('may lead to a network that the operator allows', () => {
    expect(read('http://192.168.7.5:8123/hook', ['192.168.7.0/24']).hostname).toBe('192.168.7.5');
  });
});

describe('the headers of a call', () => {
  it.each([
    [{ Host: 'inside' }, `sets 'Host' itself`],
    [{ 'Transfer-Encoding': 'chunked' }, `sets 'Transfer-Encoding' itself`],
    [{ 'Proxy-Authorization': 'x' }, `sets 'Proxy-Authorization' itself`],
    [{ 'a b': 'x' }, `'a b' is not a header's name`],
    [{ 'x-a': 'b\r\nx-c: d' }, 'characters that headers cannot have'],
    [{ 'x-a': 'é' }, 'characters that headers cannot have'],
    [{ 'x-a': 'b'.repeat(8_192) }, 'at most 8192'],
    [Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, ''])), '21 headers'],
  ])('are refused: %j', (headers, words) => {
    expect(() => checkHeaders('target_headers', headers as Record<string, string>)).toThrow(words);
  });

  it('are taken otherwise', () => {
    checkHeaders('target_headers', { authorization: 'Bearer abc', 'Content-Type': 'application/json' });
  });
});
