import { expect, it } from 'vitest';
import { digestOf } from './digests.ts';

const number = (value: string) => ({ type: 'Number', value });

// What AWS answers for these, as others have recorded it; the last is what they compute for bytes and several attributes.
it.each([
  [{ timestamp: number('1493147359900') }, '235c5c510d26fb653d073faed50ae77c'],
  [{ timestamp: number('1493147359901') }, '994258b45346a2cc3f9cbb611aa7af30'],
  [{ 'SOME_Valid.attribute-Name': number('1493147359900') }, '36655e7e9d7c0e8479fa3f3f42247ae7'],
  [
    {
      AWSTraceHeader: {
        type: 'String',
        value: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
      },
    },
    '5ae4d5d7636402d80f4eb6d213245a88',
  ],
  [
    {
      zzz: number('0230.01'),
      aaa: { type: 'Binary.png', value: Buffer.from([2, 3, 4, 255]).toString('base64') },
      ccc: { type: 'String', value: 'Tüst' },
    },
    '7f1bac87ce9ca1cb7fc18579a55b65f7',
  ],
])('the digest of attributes is the one that clients compute: %j', (attributes, digest) => {
  expect(digestOf(attributes)).toBe(digest);
});

it('a message without attributes has no attribute digest', () => {
  expect(digestOf({})).toBeUndefined();
});
