/**
 * A service of your own, from a Smithy model. Run it with `node notes.ts`, then for example
 *
 *     curl --aws-sigv4 aws:amz:us-east-1:notes --user AKIDEXAMPLE:secret \
 *       -X PUT -H 'content-type: application/json' -d '{"text":"buy milk"}' http://127.0.0.1:4567/notes/shopping
 */
import { readFileSync } from 'node:fs';
import { AwsError, AwsServer, readSmithyModel, Service, type SmithyAst } from '@thecloud/aws-protocol';
import { nodeServer } from '@thecloud/aws-protocol/node';

interface Note {
  readonly text: string;
  readonly tags?: readonly string[];
  readonly writtenAt: Date;
}

const ast = JSON.parse(readFileSync(new URL('notes.model.json', import.meta.url), 'utf8')) as SmithyAst;
const notes = new Map<string, Note>();

// No SDK has types for it: handlers say themselves what they take. The model has checked it before they run.
const service = new Service(readSmithyModel(ast), {
  PutNote({ id, ...note }: { id: string; text: string; tags?: string[] }) {
    if (notes.size >= 1000 && !notes.has(id)) throw new AwsError('TooManyNotes', 'A thousand notes are enough.');
    const writtenAt = new Date();
    notes.set(id, { ...note, writtenAt });
    return { id, writtenAt };
  },
  GetNote({ id }: { id: string }) {
    const note = notes.get(id);
    if (!note) throw new AwsError('NoSuchNote', `There is no note ${id}.`);
    return note;
  },
  ListNotes({ maxResults = 100 }: { maxResults?: number }) {
    return { notes: [...notes].slice(0, maxResults).map(([id, { writtenAt }]) => ({ id, writtenAt })) };
  },
});

const server = new AwsServer({
  services: [service],
  credentials: (id) => (id === 'AKIDEXAMPLE' ? { secretAccessKey: 'secret', principal: 'me' } : undefined),
});
nodeServer(server).listen(4567, '127.0.0.1', () => console.log('Notes at http://127.0.0.1:4567'));
